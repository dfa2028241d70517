# Runs COMPILER over CASE without making an object. A case with EXPECT lines must be refused with a diagnostic that
# one of them matches; a case without any must be accepted.
cmake_minimum_required(VERSION 3.25)

set(ENV{LC_ALL} C)
file(STRINGS "${CASE}" expectations REGEX "^// EXPECT: ")
execute_process(
  COMMAND "${COMPILER}" -std=c++20 -fsyntax-only -Wall -Wextra -Werror=unused-result "-I${INCLUDE}" "${CASE}"
  RESULT_VARIABLE status OUTPUT_VARIABLE diagnostics ERROR_VARIABLE diagnostics)

if(NOT expectations)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "must compile and does not:\n${diagnostics}")
  endif()
  return()
endif()

if(status EQUAL 0)
  message(FATAL_ERROR "compiles and must not: ${CASE}")
endif()
foreach(expectation ${expectations})
  string(REGEX REPLACE "^// EXPECT: " "" pattern "${expectation}")
  if(diagnostics MATCHES "error: [^\n]*${pattern}")
    return()
  endif()
endforeach()
message(FATAL_ERROR "is refused for another reason than it names:\n${diagnostics}")
