// SPDX-License-Identifier: Apache-2.0
// base/limits.h - every limit on what comes from outside, with its reason.
#pragma once
#include <stdint.h>

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

// Documents
#define LIMIT_DOCUMENT MIB(4) // a manifest's limit in the OCI distribution spec; larger ones are attacks
#define LIMIT_DEPTH 64        // nesting of a document: real ones stay below 12
#define LIMIT_VALUES 1000000  // values in one document: bounds the memory of its tree at about 256 MiB
#define LIMIT_KEY 4096        // bytes of one key

// Names and paths
#define LIMIT_PATH 4096       // PATH_MAX of Linux, with its NUL
#define LIMIT_COMPONENT 255   // NAME_MAX of every Linux filesystem in use
#define LIMIT_PATH_DEPTH 2048 // components that fit LIMIT_PATH
#define LIMIT_TREE_DEPTH 256  // directories in each other in a tree that we make: real ones stay below 60
#define LIMIT_SYMLINKS 40     // MAXSYMLINKS of Linux

// Archives
#define LIMIT_TAR_HEADER MIB(1)      // one extension header: pax or GNU long name
#define LIMIT_TAR_ENTRIES 5000000    // a layer of five million files: larger than any image seen
#define LIMIT_TAR_SPARSE 65536       // holes of one sparse file
#define LIMIT_AR_MEMBERS 65536       // members of an ar archive: a .deb has three
#define LIMIT_LAYER GIB(64)          // plain bytes of one layer
#define LIMIT_LAYER_DIRS MIB(256)    // paths of its directories: in memory until its end, for their modes
#define LIMIT_ZSTD_WINDOW_LOG 27     // 128 MiB, zstd's own default for decoding
#define LIMIT_ZSTD_SKIPPABLE MIB(64) // all skippable frames of one input: tables of contents, signatures
#define LIMIT_XZ_MEMORY MIB(256)     // a .deb made with xz -9 needs 65 MiB

// Images
#define LIMIT_IMAGE_LAYERS 500     // lower directories that one overlay of Linux takes
#define LIMIT_IMAGE_HISTORY 4096   // lines of a config's history: the longest seen stay below 300
#define LIMIT_IMAGE_VALUES 65536   // in a manifest, index or config: 500 layers with history make 30000
#define LIMIT_INDEX_MANIFESTS 1000 // platforms of one index: the largest ones seen stay below 100

// Downloads
#define LIMIT_DOWNLOAD_MS 600000   // of one answer on the whole: it ends, however slowly its bytes drip
#define LIMIT_DOWNLOAD_RATE KIB(8) // bytes that give it a second more: 64 kbit/s, as slow as a line in use is

// What is kept for another time
#define LIMIT_UNUSED_DAYS 90 // a download, package or print that nothing used for so long goes with "dema gc"

// Programs that we start
#define LIMIT_CAPTURE MIB(64) // output that is kept in memory

// A build in its sandbox
#define LIMIT_BINDINGS MIB(16)    // files of all service bindings: one Secret of Kubernetes has at most 1 MiB
#define LIMIT_BUILD_PROCS 8192    // processes and threads at once: make and a JVM on 64 cores stay below 4000
#define LIMIT_BUILD_FILES 65536   // open files of a process; with a million, closing them all takes seconds
#define LIMIT_BUILD_SHM GIB(1)    // bytes of /dev/shm in bin/build: browsers want more than 64 MiB
#define LIMIT_DETECT_TMPFS GIB(1) // bytes that bin/detect may leave in /tmp, and as much in its home
#define LIMIT_BUILD_FILE GIB(16)  // bytes of one file: the largest that are seen are models of 10 GiB
