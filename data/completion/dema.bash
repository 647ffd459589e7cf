# made by scripts/reference: change the table that it is made of, not this file
# shellcheck shell=bash
_dema_commands=('build' 'run' 'images' 'inspect' 'rm' 'gc' 'base create' 'base list' 'base inspect' 'doctor' 'version' 'help')
_dema_options() {
    case "$1" in
    'build') echo '--tag --buildpack --env --build-image --run-image --process --offline --runner --layers --threads --help' ;;
    'run') echo '--env --entrypoint --offline --runner --help' ;;
    'images') echo '--output --help' ;;
    'inspect') echo '--output --help' ;;
    'rm') echo '--help' ;;
    'gc') echo '--dry-run --help' ;;
    'base create') echo '--tag --lock --write-lock --update --keep-packages --threads --help' ;;
    'base list') echo '--output --help' ;;
    'base inspect') echo '--lock --sbom --help' ;;
    'doctor') echo '--output --help' ;;
    'version') echo '--help' ;;
    esac
}
_dema_value() {
    case "$1" in
    'build --tag' | 'build -t') echo 'any' ;;
    'build --buildpack' | 'build -b') echo 'dir' ;;
    'build --env' | 'build -e') echo 'any' ;;
    'build --build-image') echo 'image' ;;
    'build --run-image') echo 'image' ;;
    'build --process') echo 'any' ;;
    'build --runner') echo 'namespaces runc' ;;
    'build --layers') echo 'overlay copy' ;;
    'build --threads') echo 'any' ;;
    'run --env' | 'run -e') echo 'any' ;;
    'run --entrypoint') echo 'file' ;;
    'run --runner') echo 'namespaces runc' ;;
    'images --output' | 'images -o') echo 'text json' ;;
    'inspect --output' | 'inspect -o') echo 'text json' ;;
    'base create --tag' | 'base create -t') echo 'any' ;;
    'base create --lock') echo 'file' ;;
    'base create --write-lock') echo 'file' ;;
    'base create --threads') echo 'any' ;;
    'base list --output' | 'base list -o') echo 'text json' ;;
    'doctor --output' | 'doctor -o') echo 'text json' ;;
    esac
}
_dema_argument() {
    case "$1" in
    'build') echo 'dir' ;;
    'run') echo 'image' ;;
    'inspect') echo 'image' ;;
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
