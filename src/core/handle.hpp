#pragma once
#include <utility>

namespace jpo {

/// Move-only owner of a C library's handle. Calls `destroy(T*)` once if the handle is not null.
template <class T, auto destroy>
class Handle {
 public:
  Handle() = default;
  explicit Handle(T raw) : raw_(raw) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  Handle(Handle&& other) noexcept : raw_(std::exchange(other.raw_, T{})) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      reset();
      raw_ = std::exchange(other.raw_, T{});
    }
    return *this;
  }
  ~Handle() { reset(); }

  T get() const { return raw_; }
  /// Destroys the handle and returns its address, for creation routines that write it.
  T* put() {
    reset();
    return &raw_;
  }
  void reset() {
    if (raw_ != T{}) static_cast<void>(destroy(&raw_));
    raw_ = T{};
  }

 private:
  T raw_{};
};

}  // namespace jpo
