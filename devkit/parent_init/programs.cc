#include "devkit/parent_init/programs.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace nes::parent_init {

Words split(const std::string& line) {
  std::istringstream stream(line);
  Words words;
  for (std::string word; stream >> word;) words.push_back(std::move(word));
  return words;
}

std::vector<Words> read_programs(const char* path) {
  std::ifstream file(path);
  std::vector<Words> programs;
  for (std::string line; std::getline(file, line);)
    if (Words words = split(line); !words.empty()) programs.push_back(std::move(words));
  return programs;
}

void become(Words words) {
  std::vector<char*> arguments;
  for (std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (arguments.empty() && word.front() != '/' && equals != std::string::npos)
      ::setenv(word.substr(0, equals).c_str(), word.c_str() + equals + 1, 1);
    else
      arguments.push_back(word.data());
  }
  if (arguments.empty()) return;
  arguments.push_back(nullptr);
  ::execv(arguments.front(), arguments.data());
  std::printf("parent-init: %s: %s\n", arguments.front(), std::strerror(errno));
  std::fflush(stdout);
}

pid_t start(const Words& words) {
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::setsid();
  become(words);
  ::_exit(127);
}

void say_ended(const char* name, int status) {
  std::printf("parent-init: %s ended with wait status 0x%04x\n", name, static_cast<unsigned>(status));
}

}  // namespace nes::parent_init
