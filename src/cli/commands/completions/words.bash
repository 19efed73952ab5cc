_barkeep_or_words() {
    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}"
    local i command="" what="" at=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "${COMP_WORDS[i]}" in
            -C|--workspace) at=(-C "${COMP_WORDS[i+1]}"); ((i++)) ;;
            -*) ;;
            *) [[ "$command" == *" "* ]] || command="${command:+$command }${COMP_WORDS[i]}" ;;
        esac
    done
    # A colon parts words, unless the line is set up otherwise.
    local venue="$cur"
    if [[ "$prev" == ":" && COMP_CWORD -ge 3 ]]; then
        venue="${COMP_WORDS[COMP_CWORD-2]}:$cur"
        prev="${COMP_WORDS[COMP_CWORD-3]}"
    elif [[ "$cur" == ":" && COMP_CWORD -ge 2 ]]; then
        venue="$prev:"
        prev="${COMP_WORDS[COMP_CWORD-2]}"
    fi
    case "$prev" in
        -t|--ticker) what=tickers ;;
        -i|--interval) what=intervals ;;
        --venue) what=venues ;;
        -*) ;;
        *)
            case "$cur $command " in
                -*) ;;
                *" show "*|*" list "*|*" revisions "*|*" tickers remove "*|*" tickers accept "*) what=tickers ;;
                *" intervals remove "*) what=intervals ;;
                *" check "*) what=venues ;;
            esac ;;
    esac
    if [[ -z "$what" ]]; then
        _barkeep "$@"
        return
    fi
    local word
    COMPREPLY=()
    [[ "$what" == venues ]] || venue="$cur"
    while IFS= read -r word; do
        if [[ "$word" == "$venue"* ]]; then
            [[ "$venue" == *:* && "$what" == venues && "$COMP_WORDBREAKS" == *:* ]] && word="${word#*:}"
            COMPREPLY+=("$(printf '%q' "$word")")
        fi
    done < <(command barkeep "${at[@]}" complete "$what" 2>/dev/null)
}
complete -F _barkeep_or_words -o bashdefault -o default barkeep
