// SPDX-License-Identifier: Apache-2.0
// Completion for bash: tables made from the rows of applets, and one function that reads them.
#include "ui/applet.h"

// What a word is, by how help calls it: choices as they are ("text|json"), else image, dir, file, or "" for anything.
static void kind_of(const char *arg, struct buf *out)
{
    bool choices = strchr(arg, '|') != NULL;
    for (const char *c = arg; *c; c++)
        choices &= *c < 'A' || *c > 'Z';
    for (const char *c = arg; choices && *c; c++)
        buf_char(out, *c == '|' ? ' ' : *c);
    if (!choices && strstr(arg, "IMAGE"))
        buf_text(out, "image");
    else if (!choices && (strstr(arg, "DIR") || strstr(arg, "FOLDER")))
        buf_text(out, "dir");
    else if (!choices && (strstr(arg, "FILE") || strstr(arg, "PATH")))
        buf_text(out, "file");
}

static void options(const struct applet *ap, struct buf *out)
{
    buf_printf(out, "    '%s') echo '", ap->name);
    for (const struct opt *o = ap->opts; o && o->name; o++)
        buf_printf(out, "--%s ", o->name);
    buf_text(out, "--help' ;;\n");
}

static void values(const struct applet *ap, struct buf *out)
{
    for (const struct opt *o = ap->opts; o && o->name; o++) {
        drop_buf struct buf kind = BUF_INIT(4096);
        if (o->kind == OPT_FLAG)
            continue;
        kind_of(o->arg ? o->arg : "", &kind);
        buf_printf(out, "    '%s --%s'", ap->name, o->name);
        if (o->letter)
            buf_printf(out, " | '%s -%c'", ap->name, o->letter);
        buf_printf(out, ") echo '%s' ;;\n", kind.n ? kind.p : "any");
    }
}

static void argument(const struct applet *ap, struct buf *out)
{
    drop_buf struct buf kind = BUF_INIT(4096);
    kind_of(ap->args ? ap->args : "", &kind);
    if (kind.n)
        buf_printf(out, "    '%s') echo '%s' ;;\n", ap->name, kind.p);
}

static void table(const struct manual *m, const char *name, const char *word,
                  void (*row)(const struct applet *, struct buf *), struct buf *out)
{
    buf_printf(out, "_%s_%s() {\n    case \"%s\" in\n", m->program, name, word);
    for (const struct applet *const *ap = m->applets; *ap; ap++)
        row(*ap, out);
    buf_text(out, "    esac\n}\n");
}

// @ is the program. The word at the cursor is taken from the line, since
// readline breaks it at "=" and ":" too, and what
// stands before such a break is not part of the answer.
static const char body[] =
    "_@() {\n"
    "    local cur=${COMP_LINE:0:COMP_POINT} line='' command='' prev='' i name next=() kind\n"
    "    cur=${cur##*[ =]}\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        case ${COMP_WORDS[i]} in\n"
    "        = | :) ;;\n"
    "        -*) prev=${COMP_WORDS[i]} ;;\n"
    "        *) prev='' line+=${line:+ }${COMP_WORDS[i]} ;;\n"
    "        esac\n"
    "    done\n"
    "    line=${line#help}\n"
    "    line=${line# }\n"
    "    for name in \"${_@_commands[@]}\"; do\n"
    "        if [[ \"$line \" == \"$name \"* ]]; then\n"
    "            command=$name\n"
    "        elif [[ -z $line || \"$name \" == \"$line \"* ]]; then\n"
    "            name=${name#\"$line\"}\n"
    "            name=${name# }\n"
    "            next+=(\"${name%% *}\")\n"
    "        fi\n"
    "    done\n"
    "    if [[ -n $prev ]]; then\n"
    "        kind=$(_@_value \"$command $prev\")\n"
    "    fi\n"
    "    if [[ -z ${kind-} && $cur == -* ]]; then\n"
    "        kind=$(_@_options \"$command\")\n"
    "    elif [[ -z ${kind-} && -n $command ]]; then\n"
    "        kind=$(_@_argument \"$command\")\n"
    "    fi\n"
    "    case ${kind-} in\n"
    "    image) kind=$(command @ images 2>/dev/null | while read -r name _; do\n"
    "        [[ $name == NAME ]] || echo \"$name\"\n"
    "    done) ;;\n"
    "    dir)\n"
    "        compopt -o filenames\n"
    "        mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n"
    "        return\n"
    "        ;;\n"
    "    file)\n"
    "        compopt -o filenames\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
    "        return\n"
    "        ;;\n"
    "    any) kind='' ;;\n"
    "    '') [[ -n $command ]] || kind=\"${next[*]}\" ;;\n"
    "    esac\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$kind\" -- \"$cur\")\n"
    "    [[ $cur != *:* ]] || COMPREPLY=(\"${COMPREPLY[@]#\"${cur%\"${cur##*:}\"}\"}\")\n"
    "}\n"
    "complete -F _@ @\n";

void manual_completion(const struct manual *m, struct buf *out)
{
    buf_printf(out, "# shellcheck shell=bash\n_%s_commands=(", m->program);
    for (const struct applet *const *ap = m->applets; *ap; ap++)
        buf_printf(out, "'%s' ", (*ap)->name);
    buf_text(out, "'help')\n");
    table(m, "options", "$1", options, out);
    table(m, "value", "$1", values, out);
    table(m, "argument", "$1", argument, out);
    for (const char *c = body; *c; c++) {
        if (*c == '@' && c[1] != ']')
            buf_text(out, m->program);
        else
            buf_char(out, *c);
    }
}
