#!/bin/bash
# Runs one job on a node: the same constant text for every job. $1 is the job directory; its files are data, no value is
# ever spliced into this script. spec/cluster-jobs.md §2.2 has the order of the steps.
#
# Exit codes of its own: 97 somebody requeued the job, 98 the working directory cannot be entered, 99 no fence for us.

dir=$1
cd "$dir" || exit 99
own_mask=$(umask) # the command's
umask 077
export LC_ALL=C.UTF-8

tell() { # tell <file> <text>: whole or not at all
    printf '%s\n' "$2" > ".$1.$$" && sync ".$1.$$" && mv -f ".$1.$$" "$1"
}
finish() { # finish <code> <why>
    local signal=0
    if ((${1} > 128)); then signal=$(($1 - 128)); fi
    tell exit "$SLURM_JOB_ID $1 $signal $(date +%s) $2"
}

# 1. The fence: only the job whose id was recorded and written here may go on.
for ((second = 0; second < 90; second++)); do
    ls . > /dev/null # makes a network file system look again
    [[ -e job_id ]] && break
    sleep 1
done
[[ -e job_id && $(< job_id) == "$SLURM_JOB_ID" ]] || exit 99

# 2. A directory runs one command in its life, even if the job is requeued.
printf '%s %s %s\n' "$SLURM_JOB_ID" "$(hostname)" "$(date +%s)" > ".started.$$"
ln ".started.$$" started 2> /dev/null || exit 97
rm -f ".started.$$"

# 3. What to run. Elements end with NUL.
mapfile -d '' -t argv < argv
mapfile -d '' -t environment < environment
mapfile -d '' -t secrets < secrets
working_dir=$(< working_dir)

# 4. The command, as the leader of its own process group, with exactly its environment. Secrets pass through no argv:
#    they are exported in the child alone, just before it becomes the command. Who waits for it has no traps: bash can
#    lose the end of a child that dies while a trap runs. It says the child's process id, then how it ended.
exec 3>&2 5>&1 2> /dev/null # the shell's own remarks on how a child died are no part of the log
run() {
    trap '' TERM USR1
    set -m
    (
        trap - TERM USR1
        cd "$working_dir" || exit 98
        umask "$own_mask"
        for name in $(compgen -e); do [[ $name == DJ_TOKEN ]] || unset "$name"; done # by it the local backend finds us
        ((${#environment[@]})) && export "${environment[@]}"
        for ((i = 0; i < ${#secrets[@]}; i += 2)); do export "${secrets[i]}=$(< "${secrets[i + 1]}")"; done
        exec "${argv[@]}" < /dev/null
    ) >&5 2>&3 3>&- 5>&- &
    echo "$!"
    while wait "$!"; code=$?; kill -0 "$!"; do sleep 1; done # it was only stopped
    echo "$code"
}

# 5. Beat, pass signals on, remember why, listen until it is gone.
why=-
child=
end() {
    [[ $why == - ]] && why=$1
    [[ $child ]] && kill -TERM -- "-$child"
}
trap 'end term' TERM
trap 'end time_limit' USR1
exec 4< <(run)
read -r child <&4
[[ $why == - ]] || end "$why"
beat=-60
code=137 # nobody said: whoever waited was killed
said=
while :; do
    if ((SECONDS >= beat + 60)); then
        touch alive
        beat=$SECONDS
    fi
    read -r -t 5 answer <&4
    heard=$?
    said+=$answer # its time can be over between two digits
    ((heard == 0)) && code=$said
    ((heard > 128)) || break
done
trap '' TERM USR1

# 6. and 7. The marker, then the same word to Slurm.
finish "$code" "$why" 2>&3
[[ $why == time_limit ]] && exit 140
exit "$code"
