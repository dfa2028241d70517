// The programs of the parent guest.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace nes::parent_init {

// A command line: variables (NAME=VALUE) first, then the program's path and its arguments.
using Words = std::vector<std::string>;

// The words of a line, separated by blanks.
Words split(const std::string& line);

// The command lines of a file, one a line; none if the file is not there.
std::vector<Words> read_programs(const char* path);

// Becomes the program; returns only to say why not.
void become(Words words);

// Runs the program as a child in a session of its own; its output goes where ours goes.
pid_t start(const Words& words);

// Tells the console how a child ended; `status` is wait()'s.
void say_ended(const char* name, int status);

}  // namespace nes::parent_init
