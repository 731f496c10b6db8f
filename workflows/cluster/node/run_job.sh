#!/bin/bash
# Runs one job on a node: the same constant text for every job. $1 is the job directory; its files are data, no value is
# ever spliced into this script. spec/cluster-jobs.md §2.2 has the order of the steps.
#
# Exit codes of its own: 97 somebody requeued the job, 98 the working directory cannot be entered, 99 no fence for us.

dir=$1
cd "$dir" || exit 99
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
#    they are exported in the child alone, just before it becomes the command.
exec 3>&2 2> /dev/null # the shell's own remarks on how a child died are no part of the log
set -m
(
    cd "$working_dir" || exit 98
    for name in $(compgen -e); do unset "$name"; done
    ((${#environment[@]})) && export "${environment[@]}"
    for ((i = 0; i < ${#secrets[@]}; i += 2)); do export "${secrets[i]}=$(< "${secrets[i + 1]}")"; done
    exec "${argv[@]}" < /dev/null
) 2>&3 3>&- &
child=$!

# 5. Beat, pass signals on, remember why, wait until it is gone.
why=-
interrupted=
end() {
    [[ $why == - ]] && why=$1
    interrupted=1
    kill -TERM -- "-$child" 2> /dev/null
}
trap 'end term' TERM
trap 'end time_limit' USR1
(
    trap - TERM USR1
    while touch alive; do sleep 60; done
) 3>&- &
beat=$!
disown "$beat" # nor are those on the beat
while :; do
    interrupted=
    wait "$child"
    code=$?
    kill -0 "$child" || break
    [[ $interrupted ]] || sleep 1 # it was only stopped
done
if [[ $interrupted ]]; then # that was the status of our own signal
    wait "$child"
    code=$?
fi
trap '' TERM USR1
kill -KILL -- "-$beat"

# 6. and 7. The marker, then the same word to Slurm.
finish "$code" "$why" 2>&3
[[ $why == time_limit ]] && exit 140
exit "$code"
