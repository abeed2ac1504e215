# SPDX-License-Identifier: Apache-2.0
# bash completion for resight. The program itself is asked what it knows: nothing is listed twice.
_resight() {
    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]-}
    [ "$command" = bank ] && [ "$COMP_CWORD" -gt 2 ] && command="bank ${COMP_WORDS[2]}"
    case ${COMP_WORDS[COMP_CWORD - 1]} in
    -d | --db) COMPREPLY=($(compgen -d -- "$word")) && return ;;
    -b | --bank)
        COMPREPLY=($(compgen -W "$(resight bank list 2>/dev/null | cut -f1)" -- "$word")) && return ;;
    --dialect) COMPREPLY=($(compgen -W 'pdq pdq512' -- "$word")) && return ;;
    --cpu) COMPREPLY=($(compgen -W 'auto scalar neon avx2 avx512' -- "$word")) && return ;;
    --effort) COMPREPLY=($(compgen -W 'fast normal thorough' -- "$word")) && return ;;
    --rule) COMPREPLY=($(compgen -W 'segments vpdq' -- "$word")) && return ;;
    --isolate) COMPREPLY=($(compgen -W 'on file strict off' -- "$word")) && return ;;
    --raw) COMPREPLY=($(compgen -W 'gray rgb24' -- "$word")) && return ;;
    -f | --format) COMPREPLY=($(compgen -W 'pdq vpdq' -- "$word")) && return ;;
    esac
    if [ "$COMP_CWORD" -eq 1 ] || { [ "$COMP_CWORD" -eq 2 ] && [ "$command" = help ]; }; then
        COMPREPLY=($(compgen -W "help version $(resight help | sed -n 's/^  \([a-z]*\) .*/\1/p' | sort -u)" -- "$word"))
    elif [ "$COMP_CWORD" -eq 2 ] && [ "$command" = bank ]; then
        COMPREPLY=($(compgen -W "$(resight help bank | sed -n 's/^  bank \([a-z]*\) .*/\1/p')" -- "$word"))
    elif [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$(resight help $command 2>/dev/null | grep -o -- '--[a-z0-9-]*' | sort -u)" -- "$word"))
    else
        COMPREPLY=($(compgen -f -- "$word"))
    fi
}
complete -o filenames -F _resight resight
