# SPDX-License-Identifier: Apache-2.0
# fish completion for resight. The program itself is asked what it knows: nothing is listed twice.
function __resight_options
    set -l words (commandline -opc)
    set -l command $words[2]
    test "$command" = bank; and set command $words[2..3]
    resight help $command 2>/dev/null | string match -ra -- '--[a-z0-9-]+' | sort -u
end
complete -c resight -n 'test (count (commandline -opc)) -eq 1' -f \
    -a "help version (resight help | string match -rg '^  ([a-z]+) ' | sort -u)"
complete -c resight -n '__fish_seen_subcommand_from bank; and test (count (commandline -opc)) -eq 2' -f \
    -a "(resight help bank | string match -rg '^  bank ([a-z]+) ')"
complete -c resight -n 'string match -q -- "-*" (commandline -ct)' -f -a '(__resight_options)'
# The values of an option, after `--option ` and after `--option=`.
function __resight_values
    complete -c resight -l $argv[1] -x -a "$argv[2..]"
end
__resight_values dialect pdq pdq512
__resight_values cpu auto scalar neon avx2 avx512
__resight_values effort fast normal thorough
__resight_values rule segments vpdq
__resight_values isolate on file strict off
__resight_values raw gray rgb24
__resight_values format pdq vpdq
functions -e __resight_values
