function __barkeep_words
    set -l typed (commandline -opc)
    set -l at
    if set -l found (contains -i -- -C $typed; or contains -i -- --workspace $typed)
        set at -C $typed[(math $found + 1)]
    end
    command barkeep $at complete $argv[1] 2>/dev/null
end
