// SPDX-License-Identifier: Apache-2.0
// import - a directory becomes an image of a state, an image of a state an OCI layout. A tool of tests, which so need
// neither a registry nor a mirror. Both print the manifest's digest.
//
//     import in STATE NAME DIR [user=USER] [NAME=VALUE]…   one layer, owned by root; variables of the image
//     import out STATE NAME LAYOUT REF                     as an image of that name of the layout
#include "base/file.h"
#include "base/limits.h"
#include "image/layout.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

static int make_layer(struct arena *a, struct txn *t, const char *dir, struct image *img, struct err *e)
{
    drop_fd int fd = -1;
    struct layer got;
    drop_(sink_drop) struct sink *to = NULL;
    struct layer_spec s = {
        .sub = STR(""), .at = STR("/"), .mtime_sec = LAYER_MTIME, .codec = "gzip-libdeflate-1-1m"};
    if (path_open_host(dir, O_RDONLY | O_DIRECTORY, 0, &fd, e) < 0 || txn_blob(t, NULL, NULL, &to, e) < 0)
        return -1;
    s.dirfd = fd;
    if (layer_make(&s, NULL, to, &got, e) < 0 || sink_finish(to, e) < 0)
        return -1;
    struct descriptor d = {.media_type = STR("application/vnd.oci.image.layer.v1.tar+gzip"),
                           .digest = got.blob,
                           .size = (int64_t)got.blob_size};
    struct history h = {.created_by = STR("import")};
    image_add_layer(a, img, &d, &got.diff_id, &h);
    return 0;
}

static int in(struct arena *a, struct state *st, char **argv, struct err *e)
{
    drop_(txn_drop) struct txn *t = NULL;
    struct oci_platform here = oci_platform_host();
    struct image img = image_new(&here);
    char text[DIGEST_TEXT];
    if (txn_begin(st, &t, e) < 0 || make_layer(a, t, argv[1], &img, e) < 0)
        return -1;
    for (char **word = argv + 2; *word; word++) {
        struct str value = str_of(*word);
        if (str_has_prefix(value, "user="))
            image_config_set_user(&img.config, str_from(value, strlen("user=")));
        else
            image_config_env_append(a, &img.config, value);
    }
    if (image_encode(a, &img, e) < 0 || image_save(t, st, str_of(argv[0]), &txn_any, &img, e) < 0 ||
        txn_commit(t, e) < 0)
        return -1;
    printf("%s\n", digest_text(&img.desc.digest, text));
    return 0;
}

static int out(struct arena *a, struct state *st, char **argv, struct err *e)
{
    struct image img;
    char text[DIGEST_TEXT];
    drop_(layout_writer_drop) struct layout_writer *w = NULL;
    drop_(image_from_drop) struct image_from *from = image_from_state(st, NULL);
    if (image_load(st, a, str_of(argv[0]), NULL, &img, e) < 0 || layout_begin(argv[1], &w, e) < 0 ||
        image_copy(from, &img, layout_to(w), e) < 0)
        return -1;
    layout_add(w, &img, str_of(argv[2]));
    if (layout_commit(w, e) < 0)
        return -1;
    printf("%s\n", digest_text(&img.desc.digest, text));
    return 0;
}

int main(int argc, char **argv)
{
    struct err e = {0};
    char text[1024];
    drop_(arena_free) struct arena *a = arena_new(1 << 16);
    drop_(state_close) struct state *st = NULL;
    bool to_state = argc >= 5 && strcmp(argv[1], "in") == 0;
    if (!to_state && !(argc == 6 && strcmp(argv[1], "out") == 0)) {
        fputs("usage: import in STATE NAME DIR [user=USER] [NAME=VALUE]... | import out STATE NAME LAYOUT "
              "REF\n",
              stderr);
        return 2;
    }
    if (state_open(argv[2], NULL, &st, &e) == 0 && (to_state ? in : out)(a, st, argv + 3, &e) == 0)
        return 0;
    fprintf(stderr, "import: %s\n", err_text(&e, text, sizeof text));
    return 1;
}
