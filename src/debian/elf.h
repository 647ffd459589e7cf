// SPDX-License-Identifier: Apache-2.0
// debian/elf.h - what the dynamic loader reads of an ELF file, and whether a tree satisfies it.
//
// spec: System V ABI, chapters 4 and 5; ld.so(8) for the search. Files come from outside: every offset is checked.
#pragma once
#include "base/err.h"
#include "base/str.h"

struct elf {
    uint8_t bits; // 32 or 64
    bool big;     // byte order
    uint16_t machine, type;
    bool dynamic;                              // has a dynamic section
    struct str interp, soname, rpath, runpath; // empty: none
    struct strv needed;
};

enum elf_kind { ELF_ERROR = -1, ELF_OTHER, ELF_FILE };
// ELF_OTHER: not an ELF file. `name` is for messages. ERR_PARSE: an ELF file that is damaged.
enum elf_kind nodiscard elf_read(int fd, const char *name, struct arena *a, struct elf *out, struct err *e);

// Follows `path` ("/usr/lib/x" or "usr/lib/x") in the tree as a process whose root is the tree would: absolute links
// begin at the tree, ".." ends there. out: the clean path beneath root, "." for the root. ERR_NOT_FOUND: something is
// missing on the way; ERR_DENIED: too many links.
int nodiscard tree_resolve(int root, struct str path, char *out, struct err *e); // out[LIMIT_PATH]

// Opens what `path` leads to that way, for reading; *real (LIMIT_PATH) is where it was. The tree must be at rest.
int nodiscard tree_open(int root, struct str path, char *real, int *fd, struct err *e);

// The directories that the loader searches: those of etc/ld.so.conf with what it includes, in order, then its own.
// Absolute, each once by what it resolves to.
int nodiscard elf_search_path(int root, struct arena *a, struct strv *out, struct err *e);

struct elf_missing {
    struct str path;   // of the file in the tree
    struct str needed; // what it needs and nothing provides; the interpreter too
};
struct elf_missing_list {
    struct elf_missing *v;
    size_t n, cap;
};
// `files`: all paths of the tree that may be ELF files, in byte order; others are passed over. For each, its NEEDED are
// found through its own run path and the search path, with the same machine. In the same order. Files that are damaged
// ELF are reported by an error.
int nodiscard elf_unsatisfied(int root, const struct strv *files, struct arena *a,
                              struct elf_missing_list *out, struct err *e);
