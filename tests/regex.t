#!/bin/sh
# regex.t - `kill --regex` and `delete --regex`: several containers at once (checklist K-03).
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
runc delete --help 2>&1 | grep -q -e --regex || skip_all 'this runtime has no --regex'

bundle
argv sleep 1000
for n in a1 a2 b1; do
	id=$mark-$n
	create
	is "create $n" "$status" 0
	runc start "$id"
done

do_runc kill --regex "^$mark-a[0-9]+$" KILL
is 'kill --regex' "$status" 0
ok 'the first that matches is dead' wait_for status_is "$mark-a1" stopped
ok 'the second container that matches is dead' wait_for status_is "$mark-a2" stopped
is 'the container that does not match lives' "$(status_of "$mark-b1")" running

do_runc delete --regex "$mark-nothing"
is 'delete --regex without a match: exit 1' "$status" 1
do_runc delete --regex "$mark-("
is 'delete --regex with a wrong expression: exit 1' "$status" 1
do_runc delete --regex "$mark-(a|b)"
is 'delete --regex where one still runs: exit 1' "$status" 1
is 'delete --regex deletes the stopped containers' \
	"$(status_of "$mark-a1") $(status_of "$mark-a2")" 'none none'
is 'delete --regex does not delete a running container' "$(status_of "$mark-b1")" running
do_runc delete --force --regex '.'
is 'delete --force --regex: all' "$status $(status_of "$mark-b1")" '0 none'
nothing_left
done_testing
