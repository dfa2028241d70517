#include "base/limits.h"
#include "devkit/aws_emulator/api.h"
#include "devkit/aws_emulator/files.h"

namespace nes::aws_emulator {
namespace {

constexpr mode_t kPrivateFile = 0600;  // keys and secrets are in there
constexpr mode_t kPrivateDirectory = 0700;

// No name reaches out of the directory, or is that of a draft.
Result<std::string> path_of(const std::string& directory, std::string_view name) {
  constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  if (name.empty() || name.find_first_not_of(kNameCharacters) != std::string_view::npos)
    return Error{ErrorCode::kIo, "a name that the store does not take"};
  return directory + "/" + std::string(name);
}

}  // namespace

Result<Store> Store::open(std::string directory) {
  NES_TRY(make_directories(directory, kPrivateDirectory));
  return Store(std::move(directory));
}

Result<std::optional<std::string>> Store::load(std::string_view name) const {
  NES_TRY_ASSIGN(const std::string path, path_of(directory_, name));
  return read_file(path, limits::kEmulatorStateBytes);
}

Result<void> Store::save(std::string_view name, std::string_view text) {
  NES_TRY_ASSIGN(const std::string path, path_of(directory_, name));
  if (text.size() > limits::kEmulatorStateBytes)
    return Error{ErrorCode::kLimit, "state is larger than the limit"};
  return replace_file(path, path + ".draft", text, kPrivateFile);
}

}  // namespace nes::aws_emulator
