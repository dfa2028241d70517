# cmake -DINPUT=file -DOUTPUT=file.cc -DNAME=function -P EmbedText.cmake
# writes a source that defines nes::service::NAME(), the bytes of INPUT.
file(READ "${INPUT}" text)
file(WRITE "${OUTPUT}" "#include <string_view>\n\nnamespace nes::service {\nstd::string_view ${NAME}() noexcept;\n"
  "std::string_view ${NAME}() noexcept { return R\"embedded(${text})embedded\"; }\n}  // namespace nes::service\n")
