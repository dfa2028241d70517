# How everything here is compiled, and the three functions that declare a library, its tests and its fuzz
# targets. Presets (CMakePresets.json) set the options.
option(NES_ASAN "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(NES_TSAN "ThreadSanitizer" OFF)
option(NES_FUZZ "libFuzzer drivers (clang); otherwise fuzz targets replay their corpora" OFF)
option(NES_BENCH "Benchmarks" ON)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
# Assertions of libraries stay on: a broken invariant ends the process, in release too.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")  # of the sanitizers: half the time to build, and lines in their traces

find_program(CCACHE ccache)
if(CCACHE)
  # Paths below this folder count as relative, and the language of messages is one, so that clones and the builder stages
  # of images share what was compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER env -u LC_ALL LANG=C.UTF-8 CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
    ${CCACHE})
endif()

find_package(Threads REQUIRED)
find_package(GTest REQUIRED)
# Static libraries, because what runs inside an enclave is static; everything else links the same ones, so that
# it is what was tested. A build folder from before may remember the shared ones.
foreach(library OPENSSL_CRYPTO_LIBRARY OPENSSL_SSL_LIBRARY EXPAT_LIBRARY)
  if("${${library}}" MATCHES "[.]so")
    unset(${library} CACHE)
  endif()
endforeach()
set(OPENSSL_USE_STATIC_LIBS ON)
find_library(EXPAT_LIBRARY NAMES libexpat.a)
find_package(OpenSSL 3.0 REQUIRED)

add_library(nes_flags INTERFACE)
target_include_directories(nes_flags INTERFACE "${PROJECT_SOURCE_DIR}/lib" "${PROJECT_SOURCE_DIR}")
target_compile_options(nes_flags INTERFACE
  -march=x86-64-v3 -mpclmul -mtune=generic
  -Wall -Wextra -Werror -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast
  -Wimplicit-fallthrough -Wformat=2 -Wundef
  -fstack-protector-strong -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(nes_flags INTERFACE -Wduplicated-cond -Wlogical-op -fstack-clash-protection -fcf-protection)
endif()
if(NES_ASAN)
  # The check of virtual tables opens a pipe, which a process without descriptors cannot: tests make such processes.
  target_compile_options(nes_flags INTERFACE -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(nes_flags INTERFACE -fsanitize=address,undefined)
elseif(NES_TSAN)
  target_compile_options(nes_flags INTERFACE -fsanitize=thread)
  target_link_options(nes_flags INTERFACE -fsanitize=thread)
else()
  target_compile_options(nes_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
if((NES_ASAN OR NES_TSAN) AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(nes_flags INTERFACE -Wno-error)  # GCC misjudges sizes behind its sanitizers; release decides
endif()
if(NES_FUZZ)
  target_compile_options(nes_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
target_link_options(nes_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)

# nes_library(NAME SOURCES a.cc... [DEPENDS base json...] [LINK external...] [TESTS a_test.cc...])
# declares the library nes_NAME from this folder, and one test program nes_NAME_test whose cases ctest lists.
function(nes_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LINK;TESTS" ${ARGN})
  add_library(nes_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(nes_${name} PUBLIC nes_flags)
  foreach(dependency ${ARG_DEPENDS})
    target_link_libraries(nes_${name} PUBLIC nes_${dependency})
  endforeach()
  target_link_libraries(nes_${name} PRIVATE ${ARG_LINK})
  if(ARG_TESTS)
    nes_test(${name} SOURCES ${ARG_TESTS} DEPENDS ${name})
  endif()
endfunction()

# nes_test(NAME SOURCES a_test.cc... [DEPENDS lib...] [LINK external...])
function(nes_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LINK" ${ARGN})
  add_executable(nes_${name}_test ${ARG_SOURCES})
  target_link_libraries(nes_${name}_test PRIVATE nes_flags GTest::gtest GTest::gtest_main ${ARG_LINK})
  foreach(dependency ${ARG_DEPENDS})
    target_link_libraries(nes_${name}_test PRIVATE nes_${dependency})
  endforeach()
  target_compile_definitions(nes_${name}_test PRIVATE NES_TESTDATA="${PROJECT_SOURCE_DIR}/testdata")
  add_test(NAME ${name} COMMAND nes_${name}_test)
  set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()

# nes_static_program(TARGET): what runs inside an enclave, or is taken out of an image, is one file that needs no other,
# at an address that is not known beforehand. Symbols stay in the dev preset's. Sanitizers need their shared runtime.
function(nes_static_program target)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
  if(NES_ASAN OR NES_TSAN)
    return()
  endif()
  target_link_options(${target} PRIVATE -static-pie)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_link_options(${target} PRIVATE -Wl,--gc-sections -Wl,--strip-all)
  endif()
endfunction()

# nes_fuzz(NAME SOURCES x_fuzz.cc [DEPENDS lib...]): with NES_FUZZ a libFuzzer program; always a ctest that
# replays the corpus in fuzz/corpus/NAME.
function(nes_fuzz name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(fuzz_${name} ${ARG_SOURCES})
  target_link_libraries(fuzz_${name} PRIVATE nes_flags)
  foreach(dependency ${ARG_DEPENDS})
    target_link_libraries(fuzz_${name} PRIVATE nes_${dependency})
  endforeach()
  if(NES_FUZZ)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(fuzz_${name} PRIVATE "${PROJECT_SOURCE_DIR}/fuzz/replay_main.cc")
    add_test(NAME fuzz_corpus_${name} COMMAND fuzz_${name} "${PROJECT_SOURCE_DIR}/fuzz/corpus/${name}")
    set_tests_properties(fuzz_corpus_${name} PROPERTIES TIMEOUT 300)
  endif()
endfunction()
