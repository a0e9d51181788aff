// Whether this is a build with a sanitizer, whose runtime does what a mail server never does: it stops its own threads
// with ptrace(2) to look for leaks and starts a program that finds names for addresses.
#pragma once

namespace ringpost::sandbox {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace ringpost::sandbox
