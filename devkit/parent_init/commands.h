// Orders from outside the parent guest, on TCP port 7000: one line a connection.
//
//   run WORDS...        runs a program; answers with its output, then the line `exit STATUS`
//   start WORDS...      starts one, whose output goes to the console; answers `started PID`
//   signal PID NUMBER   answers `sent`, or `no such process`
#pragma once

namespace nes::parent_init {

[[noreturn]] void serve_commands();

}  // namespace nes::parent_init
