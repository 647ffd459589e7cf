// SPDX-License-Identifier: Apache-2.0
#include "debian/finish.h"
#include "unpack_rig.h"

// Two certificates of one subject, /O=dema tests/CN=first: its hash is d3f4aefa (openssl x509 -hash).
static const char cert_a[] = "-----BEGIN CERTIFICATE-----\n"
                             "MIIBojCCAUegAwIBAgIUKuyEr0ZzeitUPPUeWc3uQePEHIMwCgYIKoZIzj0EAwIw\n"
                             "JTETMBEGA1UECgwKZGVtYSB0ZXN0czEOMAwGA1UEAwwFZmlyc3QwIBcNMjYxMTI1\n"
                             "MjE1NTA4WhgPMjEyNjExMDEyMTU1MDhaMCUxEzARBgNVBAoMCmRlbWEgdGVzdHMx\n"
                             "DjAMBgNVBAMMBWZpcnN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEmwQeYF1e\n"
                             "WHuQdPcJiOF8y9EEUnDb8U8qwQCM1wbxGBX7cq1v7dXv5tEHwydTieOZlIdyYfYO\n"
                             "Mlgy16mopX3Nd6NTMFEwHQYDVR0OBBYEFCfs/MNmKx8wm4nqn3kMUh9zBHkhMB8G\n"
                             "A1UdIwQYMBaAFCfs/MNmKx8wm4nqn3kMUh9zBHkhMA8GA1UdEwEB/wQFMAMBAf8w\n"
                             "CgYIKoZIzj0EAwIDSQAwRgIhAPUKctf7CIbZRV1L6apGxxrShxZvwzRblBesoVs7\n"
                             "731DAiEAiyVetb+0p+x+b4pxvNaXSL0PdMzPhfHkwh0DAY61rc4=\n"
                             "-----END CERTIFICATE-----\n";
static const char cert_b[] = "-----BEGIN CERTIFICATE-----\n"
                             "MIIBoTCCAUegAwIBAgIUN0ajOrxnl4ftulQM7E4s6GPDFlYwCgYIKoZIzj0EAwIw\n"
                             "JTETMBEGA1UECgwKZGVtYSB0ZXN0czEOMAwGA1UEAwwFZmlyc3QwIBcNMjYxMTI1\n"
                             "MjE1NTA4WhgPMjEyNjExMDEyMTU1MDhaMCUxEzARBgNVBAoMCmRlbWEgdGVzdHMx\n"
                             "DjAMBgNVBAMMBWZpcnN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEBXnBJ1Rl\n"
                             "LYJT/VBxTo+BRodwKuv+4uPUOr/CMLfQBMZgSECvlLLlZhDQxcCGEEqC/sBgDeQe\n"
                             "4WP7umj1yccb0KNTMFEwHQYDVR0OBBYEFBl2ZVKXJ5ilrGVGdBGznwdwJuIyMB8G\n"
                             "A1UdIwQYMBaAFBl2ZVKXJ5ilrGVGdBGznwdwJuIyMA8GA1UdEwEB/wQFMAMBAf8w\n"
                             "CgYIKoZIzj0EAwIDSAAwRQIgBDrOB6sLHnAQOYJ6Hgr54PwP9ZQpIhIqpvmQiSau\n"
                             "z6ACIQCpxxlo3ibhluu/LGL6ySHqjjek6QCzlkUEXFImqLKsFQ==\n"
                             "-----END CERTIFICATE-----\n";

#define MASTER "root:*:0:0:root:/root:/bin/bash\ndaemon:*:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
#define GROUPS "root:*:0:\nshadow:*:42:\nusers:*:100:\n"

static const struct recipe base = {
    .name = "base-files",
    .more = "Essential: yes\nDescription: base\n more\n",
    .row = {DIR_("bin"), DIR_("root", NULL, 0700), DIR_("tmp", NULL, 01777), DIR_("var/run"),
            FILE_("usr/share/base-files/profile", "PATH=/bin\n"),
            FILE_("usr/share/base-files/dot.bashrc", "# rc\n", 0600),
            FILE_("etc/dpkg/origins/debian", "Vendor: Debian\n"), FILE_("usr/lib/os-release", "ID=debian\n"),
            FILE_("usr/share/zoneinfo/Etc/UTC", "TZif")},
    .control = {FILE_("md5sums", "d41d8cd98f00b204e9800998ecf8427e  usr/lib/os-release\n")}};
static const struct recipe accounts = {.name = "base-passwd",
                                       .row = {FILE_("usr/share/base-passwd/passwd.master", MASTER),
                                               FILE_("usr/share/base-passwd/group.master", GROUPS)}};
static const struct recipe certs = {.name = "ca-certificates",
                                    .row = {FILE_("usr/share/ca-certificates/mozilla/B_(two).crt", cert_b),
                                            FILE_("usr/share/ca-certificates/mozilla/A.crt", cert_a),
                                            FILE_("usr/share/ca-certificates/README", "no")}};
static const struct recipe shell = {.name = "dash",
                                    .row = {FILE_("bin/dash", "", 0755), LINK_("bin/sh", "dash")}};
static const struct recipe dpkg = {
    .name = "dpkg",
    .more = "Multi-Arch: same\n",
    .row = {FILE_("usr/bin/dpkg", "", 0755), FILE_("etc/dpkg/dpkg.cfg", "x"),
            FILE_("etc/alternatives/README", "r")},
    .control = {FILE_("conffiles", "/etc/dpkg/dpkg.cfg\n/etc/gone\n"), FILE_("postinst", "#!/bin/sh\n"),
                FILE_("triggers", "# t\ninterest-noawait /usr/lib\ninterest ldconfig\nactivate x\n")}};
static const struct recipe awks = {.name = "awks",
                                   .row = {FILE_("usr/bin/mawk", "m", 0755), FILE_("usr/bin/gawk", "g", 0755),
                                           FILE_("usr/bin/less", "l", 0755), LINK_("usr/bin/pager", "mine"),
                                           LINK_("usr/bin/gcc", "gone"),
                                           FILE_("usr/lib/x86_64-linux-gnu/blas/libblas.so.3", "blas")}};

static void unpack(struct test *t, const struct recipe *r, size_t n, struct rig_run *run)
{
    MUST(rig_unpack(t, r, n, NULL, run, &e));
}

static void finish(struct rig_run *run)
{
    const struct deb_finish f = {.tree = {run->root, run->owners}, .set = run->set};
    MUST(deb_finish(&f, &e));
}

TEST(skeleton)
{
    static const struct want want[] = {{'l', "bin", "usr/bin"},
                                       {'l', "lib", "usr/lib"},
                                       {'-', "lib64", NULL},
                                       {'l', "var/run", "/run"},
                                       {'l', "var/lock", "/run/lock"},
                                       {'f', "etc/profile", "PATH=/bin\n"},
                                       {'f', "root/.bashrc", "# rc\n"},
                                       {'-', "root/.profile", NULL},
                                       {'l', "etc/localtime", "/usr/share/zoneinfo/Etc/UTC"},
                                       {'f', "etc/timezone", "Etc/UTC\n"},
                                       {'l', "etc/dpkg/origins/default", "debian"},
                                       {'f', "etc/hosts", NULL},
                                       {'f', "etc/nsswitch.conf", NULL},
                                       {'-', "etc/ld.so.cache", NULL},
                                       {'-', "etc/ld.so.conf", NULL},
                                       {'-', "etc/shells", NULL},
                                       {'-', "etc/ssl", NULL},
                                       {'d', "proc", NULL},
                                       {'d', "usr/local/share/man", NULL}};
    static const struct {
        const char *path;
        struct owner is;
    } owner[] = {{"tmp", {0, 0, 01777}},      {"var/tmp", {0, 0, 01777}},    {"root", {0, 0, 0700}},
                 {"var/mail", {0, 8, 02775}}, {"etc/shadow", {0, 42, 0640}}, {"etc/profile", {0, 0, 0644}},
                 {"var", {0, 0, 0755}},       {"bin", {0, 0, 0777}}};
    drop_run struct rig_run run = {.root = rig_root(t, "tree")};
    unpack(t, &base, 1, &run);
    finish(&run);
    WANTS(run.root, want);
    for (size_t i = 0; i < COUNT(owner); i++) {
        const struct owner *o = owners_find(run.owners, str_of(owner[i].path));
        CHECK_MSG(o && o->uid == owner[i].is.uid && o->gid == owner[i].is.gid && o->mode == owner[i].is.mode,
                  "%s", owner[i].path);
    }
}

TEST(what_packages_brought_stays)
{
    const struct recipe in = {.name = "own",
                              .row = {FILE_("etc/hosts", "mine\n"), FILE_("etc/passwd", "mine\n"),
                                      LINK_("etc/localtime", "x"), DIR_("tmp", NULL, 0700),
                                      FILE_("usr/share/zoneinfo/Etc/UTC", "TZ")}};
    static const struct want want[] = {
        {'f', "etc/hosts", "mine\n"}, {'f', "etc/passwd", "mine\n"}, {'l', "etc/localtime", "x"}};
    drop_run struct rig_run run = {.root = rig_root(t, "tree")};
    unpack(t, &in, 1, &run);
    finish(&run);
    WANTS(run.root, want);
    EQ_UINT(owners_find(run.owners, STR("tmp"))->mode, 0700);
}

TEST(accounts_of_base_passwd_and_the_declaration)
{
    const struct recipe in[] = {accounts, shell};
    const struct base_user user[] = {
        {.name = STR("cnb"), .uid = 1001, .gid = 1000, .group = STR("app"), .home = STR("/home/cnb")},
        {.name = STR("ghost"),
         .uid = 5,
         .gid = 100,
         .group = STR("users"),
         .home = STR("/nonexistent"),
         .shell = STR("/x")},
        {.name = STR("daemon"), .uid = 1, .gid = 1, .home = STR("/usr/sbin")}};
    static const struct want want[] = {
        {'f', "etc/passwd",
         "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
         "cnb:x:1001:1000::/home/cnb:/bin/sh\nghost:x:5:100::/nonexistent:/x\n"},
        {'f', "etc/group", "root:x:0:\nshadow:x:42:\nusers:x:100:\napp:x:1000:\ndaemon:x:1:\n"},
        {'f', "etc/shadow",
         "root:*::0:99999:7:::\ndaemon:*::0:99999:7:::\ncnb:!::0:99999:7:::\nghost:!::0:99999:7:::\n"},
        {'f', "etc/gshadow", "root:*::\nshadow:*::\nusers:*::\napp:!::\ndaemon:!::\n"},
        {'f', "etc/shells", "/bin/sh\n/usr/bin/sh\n/bin/dash\n/usr/bin/dash\n"},
        {'-', "nonexistent", NULL}};
    drop_run struct rig_run run = {.root = rig_root(t, "tree")};
    unpack(t, in, COUNT(in), &run);
    const struct deb_finish f = {
        .tree = {run.root, run.owners}, .set = run.set, .user = user, .user_n = COUNT(user)};
    MUST(deb_finish(&f, &e));
    WANTS(run.root, want);
    const struct owner *o = owners_find(run.owners, STR("home/cnb"));
    CHECK(o && o->uid == 1001 && o->gid == 1000 && o->mode == 0755);
}

TEST(bad_users)
{
    static const struct {
        struct base_user u;
        const char *words;
    } row[] = {
        {{.name = STR_INIT("root"), .uid = 7, .gid = 0, .home = STR_INIT("/x")},
         "user root: 7:0, but Debian's is 0:0"},
        {{.name = STR_INIT("a"), .uid = 7, .gid = 9, .group = STR_INIT("root"), .home = STR_INIT("/x")},
         "group root: gid 9, but Debian's is 0"},
        {{.name = STR_INIT("a:b"), .home = STR_INIT("/x")}, "user"},
        {{.name = STR_INIT(""), .home = STR_INIT("/x")}, "empty name"},
        {{.name = STR_INIT("a"), .home = STR_INIT("/x"), .shell = STR_INIT("/bin\nroot2:x:0:0")},
         "a shell with ':'"},
        {{.name = STR_INIT("a"), .home = STR_INIT("x")}, "home \"x\""},
        {{.name = STR_INIT("a"), .home = STR_INIT("/../x")}, "home \"/../x\""},
        {{.name = STR_INIT("a"), .uid = -1, .home = STR_INIT("/x")}, "uid -1"},
        {{.name = STR_INIT("a"), .uid = 1, .gid = UINT32_MAX, .home = STR_INIT("/x")}, "gid 4294967295"},
    };
    for (size_t i = 0; i < COUNT(row); i++) {
        drop_run struct rig_run run = {.root = rig_root(t, "tree")};
        unpack(t, &shell, 1, &run);
        const struct deb_finish f = {
            .tree = {run.root, run.owners}, .set = run.set, .user = &row[i].u, .user_n = 1};
        REFUSED(deb_finish(&f, &e), ERR_USAGE, row[i].words);
        MUST(tree_remove(t->dir, "tree", &e));
    }
}

TEST(certificates)
{
    static const struct want want[] = {
        {'l', "etc/ssl/certs/A.pem", "/usr/share/ca-certificates/mozilla/A.crt"},
        {'l', "etc/ssl/certs/B_=two=.pem", "/usr/share/ca-certificates/mozilla/B_(two).crt"},
        {'l', "etc/ssl/certs/d3f4aefa.0", "A.pem"},
        {'l', "etc/ssl/certs/d3f4aefa.1", "B_=two=.pem"},
        {'-', "etc/ssl/certs/README.pem", NULL},
        {'f', "etc/ca-certificates.conf", "mozilla/A.crt\nmozilla/B_(two).crt\n"}};
    drop_(arena_free) struct arena *a = arena_new(4096);
    drop_run struct rig_run run = {.root = rig_root(t, "tree")};
    unpack(t, &certs, 1, &run);
    finish(&run);
    WANTS(run.root, want);
    struct str bundle = str_printf(a, "%s%s", cert_a, cert_b);
    EQ_STR(test_read(a, run.root, "etc/ssl/certs/ca-certificates.crt"), bundle.p);
}

TEST(a_certificate_that_is_none)
{
    const struct recipe in = {.name = "bad", .row = {FILE_("usr/share/ca-certificates/x.crt", "text")}};
    drop_run struct rig_run run = {.root = rig_root(t, "tree")};
    unpack(t, &in, 1, &run);
    const struct deb_finish f = {.tree = {run.root, run.owners}, .set = run.set};
    REFUSED(deb_finish(&f, &e), ERR_PARSE, "x.pem: no PEM certificate");
}

TEST(status_d_without_dpkg)
{
    const struct want want[] = {{'f', "var/lib/dpkg/status.d/base-files",
                                 "Package: base-files\nStatus: install ok installed\nVersion: "
                                 "1.0\nArchitecture: amd64\nEssential: yes\n"
                                 "Description: base\n more\n"},
                                {'f', "var/lib/dpkg/status.d/base-files.md5sums",
                                 "d41d8cd98f00b204e9800998ecf8427e  usr/lib/os-release\n"},
                                {'-', "var/lib/dpkg/status", NULL},
                                {'-', "var/lib/dpkg/info", NULL}};
    drop_run struct rig_run run = {.root = rig_root(t, "tree")};
    unpack(t, &base, 1, &run);
    finish(&run);
    WANTS(run.root, want);
}

TEST(a_database_with_dpkg)
{
    const struct recipe in[] = {base, dpkg};
    const struct want want[] = {
        {'-', "var/lib/dpkg/status.d", NULL},
        {'f', "var/lib/dpkg/status",
         "Package: base-files\nStatus: install ok installed\nVersion: 1.0\nArchitecture: amd64\nEssential: "
         "yes\n"
         "Description: base\n more\n\n"
         "Package: dpkg\nStatus: install ok installed\nVersion: 1.0\nArchitecture: amd64\nMulti-Arch: same\n"
         "Conffiles:\n /etc/dpkg/dpkg.cfg 9dd4e461268c8034f5c8564e155c67a6\n\n"},
        {'f', "var/lib/dpkg/info/format", "1\n"},
        {'f', "var/lib/dpkg/info/base-files.md5sums", NULL},
        {'f', "var/lib/dpkg/info/dpkg:amd64.postinst", "#!/bin/sh\n"},
        {'f', "var/lib/dpkg/info/dpkg:amd64.list",
         "/.\n/usr/bin/dpkg\n/etc/dpkg/dpkg.cfg\n/etc/alternatives/README\n"},
        {'f', "var/lib/dpkg/triggers/File", "/usr/lib dpkg/noawait\n"},
        {'f', "var/lib/dpkg/triggers/ldconfig", "dpkg\n"},
        {'-', "var/lib/dpkg/triggers/x", NULL}};
    drop_run struct rig_run run = {.root = rig_root(t, "tree")};
    unpack(t, in, COUNT(in), &run);
    finish(&run);
    WANTS(run.root, want);
    EQ_UINT(owners_find(run.owners, STR("var/lib/dpkg/info/dpkg:amd64.postinst"))->mode, 0755);
    EQ_UINT(owners_find(run.owners, STR("var/lib/dpkg/info/dpkg:amd64.list"))->mode, 0644);
}

TEST(alternatives)
{
    const struct base_alternative own[] = {{STR("/bin/awk"), STR("/usr/bin/mawk")}};
    static const struct want plain[] = {
        {'l', "usr/bin/awk", "/etc/alternatives/awk"},
        {'l', "etc/alternatives/awk", "/usr/bin/gawk"},
        {'l', "usr/bin/pager", "mine"},
        {'-', "etc/alternatives/pager", NULL},
        {'-', "usr/bin/cc", NULL}, // its target dangles
        {'l', "usr/lib/x86_64-linux-gnu/libblas.so.3", "/etc/alternatives/libblas.so.3-x86_64-linux-gnu"},
        {'l', "etc/alternatives/libblas.so.3-x86_64-linux-gnu",
         "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3"}};
    static const struct want mine[] = {{'l', "usr/bin/awk", "/usr/bin/mawk"},
                                       {'l', "usr/bin/nawk", "/etc/alternatives/nawk"}};
    drop_run struct rig_run one = {.root = rig_root(t, "one")}, two = {.root = rig_root(t, "two")};
    unpack(t, &awks, 1, &one);
    finish(&one);
    WANTS(one.root, plain);
    unpack(t, &awks, 1, &two);
    const struct deb_finish f = {
        .tree = {two.root, two.owners}, .set = two.set, .alternative = own, .alternative_n = 1};
    MUST(deb_finish(&f, &e));
    WANTS(two.root, mine);
}

TEST(bad_alternatives)
{
    static const struct {
        struct base_alternative it;
        enum err_code code;
        const char *words;
    } row[] = {
        {{STR_INIT("/usr/bin/x"), STR_INIT("/usr/bin/gone")},
         ERR_NOT_FOUND,
         "alternative /usr/bin/x: no /usr/bin/gone"},
        {{STR_INIT("/usr/bin/pager"), STR_INIT("/usr/bin/less")}, ERR_USAGE, "a package has it"},
        {{STR_INIT("usr/bin/x"), STR_INIT("/usr/bin/less")}, ERR_USAGE, "\"usr/bin/x\""},
        {{STR_INIT("/usr/bin/x"), STR_INIT("/usr/../less")}, ERR_USAGE, "\"/usr/../less\""},
    };
    for (size_t i = 0; i < COUNT(row); i++) {
        drop_run struct rig_run run = {.root = rig_root(t, "tree")};
        unpack(t, &awks, 1, &run);
        const struct deb_finish f = {
            .tree = {run.root, run.owners}, .set = run.set, .alternative = &row[i].it, .alternative_n = 1};
        REFUSED(deb_finish(&f, &e), row[i].code, row[i].words);
        MUST(tree_remove(t->dir, "tree", &e));
    }
}

TEST(same_packages_same_bytes)
{
    const struct recipe in[] = {base, accounts, certs, shell, dpkg, awks};
    struct digest sum[3];
    for (int i = 0; i < 3; i++) {
        char dir[16];
        (void)snprintf(dir, sizeof dir, "tree%d", i);
        mode_t before = umask(i == 1 ? 077 : 022);
        drop_run struct rig_run run = {.root = rig_root(t, dir)};
        unpack(t, in, COUNT(in), &run);
        finish(&run);
        (void)umask(before);
        rig_digest(&run, &sum[i]);
        CHECK(digest_eq(&sum[0], &sum[i]));
    }
}
