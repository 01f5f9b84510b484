// sanitized.h: whether this is a build with AddressSanitizer or ThreadSanitizer.
#pragma once

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TOCSIN_SANITIZED
#endif
#if __has_feature(thread_sanitizer)
#define TOCSIN_THREAD_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TOCSIN_SANITIZED
#endif
#if defined(__SANITIZE_THREAD__)
#define TOCSIN_THREAD_SANITIZED
#endif
