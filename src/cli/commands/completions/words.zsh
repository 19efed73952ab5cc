_barkeep_words() {
    local -a at found
    local -i i=${words[(I)(-C|--workspace)]}
    (( i > 0 && i < $#words )) && at=(-C ${(Q)words[i+1]})
    found=(${(f)"$(command barkeep $at complete $1 2>/dev/null)"})
    compadd -a found
}

