# made by scripts/reference: change the table that it is made of, not this file
# shellcheck shell=bash
_dema_commands=('build' 'run' 'images' 'inspect' 'sbom' 'rm' 'gc' 'du' 'base create' 'base list' 'base inspect' 'doctor' 'version' 'help')
_dema_options() {
    case "$1" in
    'build') echo '--tag --env --env-file --buildpack --run-image --build-image --process --check --check-timeout --network --output --explain --format --events --layers --runner --threads --help' ;;
    'run') echo '--env --env-file --entrypoint --offline --runner --help' ;;
    'images') echo '--format --help' ;;
    'inspect') echo '--format --help' ;;
    'sbom') echo '--layer --kind --save --format --help' ;;
    'rm') echo '--help' ;;
    'gc') echo '--dry-run --format --help' ;;
    'du') echo '--format --help' ;;
    'base create') echo '--tag --lock --write-lock --update --keep-packages --threads --format --help' ;;
    'base list') echo '--format --help' ;;
    'base inspect') echo '--lock --sbom --format --help' ;;
    'doctor') echo '--format --help' ;;
    'version') echo '--help' ;;
    esac
}
_dema_value() {
    case "$1" in
    'build --tag' | 'build -t') echo 'any' ;;
    'build --env' | 'build -e') echo 'any' ;;
    'build --env-file') echo 'file' ;;
    'build --buildpack' | 'build -b') echo 'dir' ;;
    'build --run-image') echo 'image' ;;
    'build --build-image') echo 'image' ;;
    'build --process') echo 'any' ;;
    'build --check-timeout') echo 'any' ;;
    'build --network') echo 'auto host none' ;;
    'build --output') echo 'dir' ;;
    'build --format' | 'build -o') echo 'text json' ;;
    'build --events') echo 'file' ;;
    'build --layers') echo 'overlay copy' ;;
    'build --runner') echo 'namespaces runc' ;;
    'build --threads') echo 'any' ;;
    'run --env' | 'run -e') echo 'any' ;;
    'run --env-file') echo 'file' ;;
    'run --entrypoint') echo 'file' ;;
    'run --runner') echo 'namespaces runc' ;;
    'images --format' | 'images -o') echo 'text json' ;;
    'inspect --format' | 'inspect -o') echo 'text json' ;;
    'sbom --layer' | 'sbom -l') echo 'any' ;;
    'sbom --kind' | 'sbom -k') echo 'cyclonedx spdx syft' ;;
    'sbom --save') echo 'dir' ;;
    'sbom --format' | 'sbom -o') echo 'text json' ;;
    'gc --format' | 'gc -o') echo 'text json' ;;
    'du --format' | 'du -o') echo 'text json' ;;
    'base create --tag' | 'base create -t') echo 'any' ;;
    'base create --lock') echo 'file' ;;
    'base create --write-lock') echo 'file' ;;
    'base create --threads') echo 'any' ;;
    'base create --format' | 'base create -o') echo 'text json' ;;
    'base list --format' | 'base list -o') echo 'text json' ;;
    'base inspect --format' | 'base inspect -o') echo 'text json' ;;
    'doctor --format' | 'doctor -o') echo 'text json' ;;
    esac
}
_dema_argument() {
    case "$1" in
    'build') echo 'file' ;;
    'run') echo 'image' ;;
    'inspect') echo 'image' ;;
    'sbom') echo 'image' ;;
    'rm') echo 'image' ;;
    'base create') echo 'file' ;;
    'base inspect') echo 'image' ;;
    esac
}
_dema() {
    local cur=${COMP_LINE:0:COMP_POINT} line='' command='' prev='' i name next=() kind
    cur=${cur##*[ =]}
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        = | :) ;;
        -*) prev=${COMP_WORDS[i]} ;;
        *) prev='' line+=${line:+ }${COMP_WORDS[i]} ;;
        esac
    done
    line=${line#help}
    line=${line# }
    for name in "${_dema_commands[@]}"; do
        if [[ "$line " == "$name "* ]]; then
            command=$name
        elif [[ -z $line || "$name " == "$line "* ]]; then
            name=${name#"$line"}
            name=${name# }
            next+=("${name%% *}")
        fi
    done
    if [[ -n $prev ]]; then
        kind=$(_dema_value "$command $prev")
    fi
    if [[ -z ${kind-} && $cur == -* ]]; then
        kind=$(_dema_options "$command")
    elif [[ -z ${kind-} && -n $command ]]; then
        kind=$(_dema_argument "$command")
    fi
    case ${kind-} in
    image) kind=$(command dema images 2>/dev/null | while read -r name _; do
        [[ $name == NAME ]] || echo "$name"
    done) ;;
    dir)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
        return
        ;;
    file)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    any) kind='' ;;
    '') [[ -n $command ]] || kind="${next[*]}" ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$kind" -- "$cur")
    [[ $cur != *:* ]] || COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}")
}
complete -F _dema dema
