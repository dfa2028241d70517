// Result<T>: a value or an Error. The project's only way to report failure across a module; exceptions that a
// library throws are caught in the file that includes it.
//
// Reading value() of an error, or error() of a value, aborts. Moved-from results must not be read.
#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace nes::base {

template <typename T>
class [[nodiscard]] Result {
  static_assert(!std::is_reference_v<T> && !std::is_same_v<std::remove_cv_t<T>, Error>);

 public:
  // Implicit, so that a function returns either of them as it is.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, error) {}

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  T& value() & noexcept {
    NES_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& noexcept {
    NES_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  // By value, so that `for (auto& x : f().value())` cannot dangle.
  T value() && noexcept(std::is_nothrow_move_constructible_v<T>) {
    NES_CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & noexcept { return value(); }
  const T& operator*() const& noexcept { return value(); }
  T* operator->() noexcept { return &value(); }
  const T* operator->() const noexcept { return &value(); }

  const Error& error() const noexcept {
    NES_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() noexcept = default;
  Result(Error error) noexcept : state_(error) {}  // NOLINT(google-explicit-constructor)

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }
  void value() const noexcept { NES_CHECK(ok()); }
  const Error& error() const noexcept {
    NES_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<std::monostate, Error> state_;
};

}  // namespace nes::base

namespace nes {
using base::Result;
}  // namespace nes

#define NES_CONCAT_INNER(a, b) a##b
#define NES_CONCAT(a, b) NES_CONCAT_INNER(a, b)

// Evaluates `expression` (a Result) and returns its error from the enclosing function, if it is one.
#define NES_TRY(expression)                                                                      \
  do {                                                                                           \
    if (auto nes_try_result = (expression); !nes_try_result.ok()) return nes_try_result.error(); \
  } while (false)

// Declares `declaration` with the value of `expression`, or returns its error from the enclosing function.
#define NES_TRY_ASSIGN(declaration, expression) \
  NES_TRY_ASSIGN_INNER(NES_CONCAT(nes_result_, __LINE__), declaration, expression)
// NOLINTBEGIN(bugprone-macro-parentheses): `declaration` is no expression, `result` a name.
#define NES_TRY_ASSIGN_INNER(result, declaration, expression) \
  auto result = (expression);                                 \
  if (!result.ok()) return result.error();                    \
  declaration = std::move(result).value()
// NOLINTEND(bugprone-macro-parentheses)
