// SPDX-License-Identifier: Apache-2.0
// helpers/helpers.h - exec.d programs: what our buildpacks do to the environment each time that an app starts.
//
// spec: buildpack.md "exec.d"; cnb.md §8.5. All are one static program, the helper is what argv[0] is named: a layer's
// `exec.d/1-inspector` is `inspector`. A helper is a function from the environment to the variables that it sets;
// it changes nothing when it fails. An error ends the launch: a setting that cannot be read is one.
#pragma once
#include "cnb/binding.h"

struct helper_in {
    const struct strmap *env; // the app's so far
    const char *self;         // argv[0]: <layer>/exec.d/[<type>/]<name>
    struct str root;          // stands before the paths of the system; "" but in tests
};

struct helper {
    const char *name;
    int (*run)(struct arena *a, const struct helper_in *in, struct strmap *out, struct err *e);
    const char *help;
};

// By the last component of `self`, without the index that a layer may put
// in front ("0-"). ERR_USAGE lists what there is.
int nodiscard helper_find(const char *self, const struct helper **out, struct err *e);

// NODE_OPTIONS gets --max_old_space_size, three quarters of the container's memory, where OPTIMIZE_MEMORY is true.
// MEMORY_AVAILABLE (MiB) is set when the container has a limit (cgroup v2, v1) and it is not set already.
int nodiscard helper_optimize_memory(struct arena *a, const struct helper_in *in, struct strmap *out,
                                     struct err *e);
// NODE_OPTIONS gets --inspect where BPL_DEBUG_ENABLED is true; BPL_DEBUG_PORT: its port on the loopback address.
int nodiscard helper_inspector(struct arena *a, const struct helper_in *in, struct strmap *out,
                               struct err *e);
// Makes the links and directories outside of the image that <layer>/symlinks.toml asks for; sets nothing. Links that
// are there lead elsewhere afterwards; anything else in their place is ERR_USAGE.
int nodiscard helper_setup_symlinks(struct arena *a, const struct helper_in *in, struct strmap *out,
                                    struct err *e);
// The certificates of the bindings of type ca-certificates are trusted: helper_certificates_trust in a directory of
// our own in $TMPDIR (/tmp). BPI_CA_CERTIFICATES: a file of further ones, put into the image by the build;
// BPI_CA_BINDINGS is "false": only those.
int nodiscard helper_certificates(struct arena *a, const struct helper_in *in, struct strmap *out,
                                  struct err *e);

// PEM certificates, each once, in their order: base64 text without line ends → anything.
struct certificates {
    struct strmap pem;
};
// Adds those in `text`; text around the blocks is allowed. Other blocks (a key), a block that is no base64 or no DER
// sequence of its length, and a text without any: ERR_PARSE with line.
int nodiscard certificates_add(struct arena *a, struct certificates *c, struct str text, const char *file,
                               struct err *e);
// Those of all bindings of type ca-certificates.
int nodiscard certificates_of(struct arena *a, const struct cnb_bindings *bindings, struct certificates *c,
                              struct err *e);
struct str certificates_text(struct arena *a, const struct certificates *c);

// Two texts: what OpenSSL is to trust ($SSL_CERT_FILE or the system's bundle, and c), and what Node.js is to trust
// besides its own ($NODE_EXTRA_CA_CERTS, and c).
struct trust {
    struct str all, extra;
};
int nodiscard certificates_trust(struct arena *a, const struct helper_in *in, const struct certificates *c,
                                 struct trust *out, struct err *e);

// For the helpers. Absent or empty is false; else one of the words of a boolean, or ERR_USAGE.
int nodiscard helper_flag(const struct strmap *env, const char *name, bool *out, struct err *e);
struct str helper_env(const struct strmap *env, const char *name); // "" if absent
// Adds a word to NODE_OPTIONS.
void helper_node_option(struct arena *a, const struct strmap *env, struct str word, struct strmap *out);
