// SPDX-License-Identifier: Apache-2.0
#include "image/note.h"
#include "base/limits.h"
#include "document/json.h"
#include "document/schema.h"

struct make_row {
    struct str codec, at;
    bool full_path, whiteouts;
    int64_t uid, gid, parent_uid, parent_gid, mtime;
};
struct note_row {
    struct str from;
    struct make_row make;
};
struct notes {
    struct {
        struct note_row *v;
        size_t n;
    } layers;
};

static const struct field make_fields[] = {
    KEY(struct make_row, codec, "codec", .flags = OMIT_EMPTY, .help = "compressor and its settings"),
    KEY(struct make_row, at, "at", .flags = OMIT_EMPTY, .help = "where the layer begins"),
    KEY(struct make_row, full_path, "fullPath", .flags = OMIT_EMPTY,
        .help = "order of the entries: by full path"),
    KEY(struct make_row, whiteouts, "whiteouts", .flags = OMIT_EMPTY,
        .help = "deleted files are written down"),
    KEY(struct make_row, uid, "uid", .flags = OMIT_EMPTY, .help = "owner of all entries"),
    KEY(struct make_row, gid, "gid", .flags = OMIT_EMPTY, .help = "group of all entries"),
    KEY(struct make_row, parent_uid, "parentUid", .flags = OMIT_EMPTY,
        .help = "owner of the directories above"),
    KEY(struct make_row, parent_gid, "parentGid", .flags = OMIT_EMPTY,
        .help = "group of the directories above"),
    KEY(struct make_row, mtime, "mtime", .flags = OMIT_EMPTY,
        .help = "time of all entries, in seconds since 1970"),
};
static SCHEMA(make_schema, struct make_row, make_fields, .name = "make");
static const struct field note_fields[] = {
    KEY(struct note_row, from, "from", .flags = OMIT_EMPTY,
        .help = "place that the blob can be fetched from"),
    TABLE(struct note_row, make, "make", make_schema, .flags = OMIT_EMPTY,
          .help = "how the blob is made of its tree"),
};
static SCHEMA(note_schema, struct note_row, note_fields, .name = "note");
static const struct field notes_fields[] = {TABLES(struct notes, layers, "layers", note_schema,
                                                   .flags = REQUIRED,
                                                   .help = "one table for each layer, lowest first")};
SCHEMA_DECLARE(image_notes_schema, struct notes);
SCHEMA(image_notes_schema, struct notes, notes_fields, .name = "notes of layers",
       .help = "What dema keeps beside an image in its data directory");

static struct note_row row_of(const struct image_note *note)
{
    const struct layer_spec *s = &note->make;
    struct note_row r = {.from = note->from};
    if (s->codec)
        r.make = (struct make_row){.codec = str_of(s->codec),
                                   .at = s->at,
                                   .full_path = s->order == TREE_FULL_PATH,
                                   .whiteouts = s->whiteouts,
                                   .uid = s->uid,
                                   .gid = s->gid,
                                   .parent_uid = s->parent_uid,
                                   .parent_gid = s->parent_gid,
                                   .mtime = s->mtime_sec};
    return r;
}

int notes_encode(struct arena *a, const struct image *img, struct str *out, struct err *e)
{
    struct notes n = {.layers.n = img->manifest.layers.n};
    struct doc doc = {.names = NAMES_JSON, .a = a};
    struct val *v;
    drop_buf struct buf b = BUF_INIT(LIMIT_DOCUMENT);
    n.layers.v = ARENA_ARRAY(a, struct note_row, n.layers.n);
    for (size_t i = 0; i < n.layers.n; i++)
        n.layers.v[i] = row_of(&img->note[i]);
    if (doc_write(&doc, &image_notes_schema, &n, &v, e) < 0)
        return -1;
    json_write(v, JSON_GO, &b);
    if (buf_finish(&b, "notes of layers", e) < 0)
        return -1;
    *out = str_dup(a, buf_view(&b));
    return 0;
}

static bool fits_id(int64_t id)
{
    return id >= 0 && id < UINT32_MAX;
}

static int note_of(struct arena *a, const struct note_row *r, struct image_note *out, struct err *e)
{
    const struct make_row *m = &r->make;
    struct image_note note = {.from = r->from};
    if (m->codec.n) {
        const struct encoder *enc = encoder_find(m->codec);
        if (!enc)
            return err_set(e, ERR_PARSE, "no codec \"" PRI_STR "\"", STR_ARG(str_printable(a, m->codec, 40)));
        if (!fits_id(m->uid) || !fits_id(m->gid) || !fits_id(m->parent_uid) || !fits_id(m->parent_gid))
            return err_set(e, ERR_PARSE, "an id is not one");
        note.make = (struct layer_spec){.dirfd = -1,
                                        .codec = enc->name,
                                        .at = m->at,
                                        .order = m->full_path ? TREE_FULL_PATH : TREE_WALK,
                                        .whiteouts = m->whiteouts,
                                        .uid = (uint32_t)m->uid,
                                        .gid = (uint32_t)m->gid,
                                        .parent_uid = (uint32_t)m->parent_uid,
                                        .parent_gid = (uint32_t)m->parent_gid,
                                        .mtime_sec = m->mtime};
    }
    *out = note;
    return 0;
}

int notes_decode(struct arena *a, struct str bytes, struct image *img, struct err *e)
{
    struct doc doc = {.names = NAMES_JSON, .a = a};
    struct notes n = {0};
    struct val *v;
    size_t layers = img->manifest.layers.n;
    if (json_read(a, bytes, NULL, &v, e) < 0 || doc_read(&doc, &image_notes_schema, v, &n, e) < 0)
        return err_wrap(e, "notes of layers");
    if (n.layers.n != layers)
        return err_set(e, ERR_PARSE, "notes of layers: %zu, want %zu", n.layers.n, layers);
    struct image_note *note = ARENA_ARRAY(a, struct image_note, layers);
    for (size_t i = 0; i < layers; i++)
        if (note_of(a, &n.layers.v[i], &note[i], e) < 0)
            return err_wrap(e, "notes of layers: %zu", i);
    img->note = note;
    return 0;
}
