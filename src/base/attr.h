// SPDX-License-Identifier: Apache-2.0
// base/attr.h - the compiler attributes and the two macros that the whole house uses.
#pragma once
#include <stddef.h>

#define nodiscard __attribute__((warn_unused_result))
#define printf_(f, a) __attribute__((format(printf, f, a)))
#define noreturn_ __attribute__((noreturn))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
