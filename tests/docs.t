#!/bin/sh
# docs.t - the commands of README.md and docs/, run as they are printed; what they print is
# compared.
# SPDX-License-Identifier: MIT
#
# In a document a block of code says what it is:
#
#	```sh		commands, which must succeed
#	```console	commands after "$ " and what they print. Numbers may be others, a line "..."
#			is any lines
#	```json, text	not commands
#
# The blocks of one second-level section run in a folder of their own, with ocibox first in PATH. A
# comment before a block says what the reader has at that point:
#
#	<!-- test: setup COMMANDS -->	run before it
#	<!-- test: bundle SCRIPT -->	a bundle in the working folder whose container runs this
#					by sh
#	<!-- test: running ID -->	a container ID that waits
#	<!-- test: tree -->		the working folder is that of the sources
#	<!-- test: needs WORD... -->	programs, or root, memory, memory-v1, freezer, cgroup-v2
#					(controllers); without them it is a skip
#	<!-- test: board -->		the commands run on a machine that oci-init has booted, with
#					the containers net and app; an order may end it
#	<!-- test: until PATTERN -->	the command does not end: it is killed when it has printed
#					this
#	<!-- test: by FILE -->		not run here: FILE runs these commands, and is looked at for
#					their words
#	<!-- test: exists -->		not run here: only targets and scripts are looked for
#	<!-- test: end ID -->		after a block: away with the container
#	<!-- test: run COMMANDS -->	after a block
#
# Each command that is not run stands in docs.list with its reason. DOCS="FILE..." tries some
# documents only.
. "$(dirname "$0")/lib.sh"

[ -f "$top/README.md" ] || skip_all 'the documents are not here'
case $(readlink -f "$RUNC") in */ocibox*) ;; *) skip_all 'the documents are about ocibox' ;; esac
need_root
! few_files || skip_all "$why"
# Below it a tmpfs of this test's own; a directory that it made goes with it.
made_root=''
[ -d /run/runc ] || { mkdir -m 0700 /run/runc && made_root=yes; }
mount -t tmpfs -o mode=700 none /run/runc || bail 'no state root of its own'
bin=$(dirname "$(readlink -f "$OCI_SPEC")")/bin
PATH=$bin:$PATH
export PATH BUSYBOX top
here=$tmp/docs
mkdir "$here"
# shellcheck disable=SC2034 # for docs.sh
if unshare -mpunf true 2>/dev/null; then
	. "$tests/machine.sh"
fi
. "$tests/docs.sh"

# cut FILE: the blocks of a document as files N (commands), N.kind, N.name, N.before, N.after,
# N.needs, N.section
cut_blocks() {
	awk -v dir="$here" -v doc="$1" '
	function put(what, text) { print text >>(dir "/" n "." what) }
	/^## / { section = substr($0, 4); sections++; k = 0 }
	/^<!-- test: / && !fence {
		text = $0
		sub(/^<!-- test: /, "", text)
		sub(/ -->$/, "", text)
		word = text
		sub(/ .*/, "", word)
		if (word == "end")
			put("after", "runc delete --force " substr(text, 5))
		else if (word == "run")
			put("after", substr(text, 5))
		else
			pending[++np] = text
	}
	/^```/ {
		fence = !fence
		if (!fence)
			next
		n++
		k++
		put("kind", $0 == "```" ? "none" : substr($0, 4))
		put("name", doc ", " (section == "" ? "top" : section) ", block " k)
		put("section", sections + 0)
		for (i = 1; i <= np; i++) {
			word = pending[i]
			sub(/ .*/, "", word)
			rest = substr(pending[i], length(word) + 2)
			if (word ~ /^(needs|by|exists|tree|board|until)$/)
				put(word, rest)
			else {
				gsub(/\047/, "\047\\\047\047", rest)
				put("before", word " \047" rest "\047")
			}
		}
		np = 0
		print "" >(dir "/" n)
		next
	}
	fence { print >>(dir "/" n) }
	END { print n + 0 >(dir "/count") }' "$1"
}

# listed FILE: prints the commands of a block that is not run, and notes them.
listed() {
	grep -q '^\$ ' "$1" && sed -i '/^\$ /!d' "$1"
	sed 's/^\$ //; s/[ 	]*#.*//' "$1" | awk 'NF' | tee -a "$here/not-run"
}

# looked_at BLOCK: its words stand in the test that runs it.
looked_at() {
	listed "$1" | awk '{ print $2 }' >"$1.list"
	while read -r word; do
		grep -qe "$word" "$tests/$(cat "$1.by")" || return 1
	done <"$1.list"
}

# exist BLOCK: its targets and scripts are there.
exist() {
	listed "$1" >"$1.list"
	while read -r line; do
		eval "set -- $line"
		case $1 in
		make)
			shift
			[ "${1:-}" != -C ] || continue # of another project
			(cd "$top" && make -n "$@" >/dev/null 2>&1) || { diag "$line"; return 1; }
			;;
		scripts/*) [ -x "$top/$1" ] || { diag "$line"; return 1; } ;;
		esac
	done <"$1.list"
}

# run_block BLOCK: in a shell of its own; sets $status.
run_block() {
	run=". '$1'"
	[ "$(cat "$1.kind")" = sh ] || run=". '$here/session'"
	[ ! -e "$1.until" ] || run="until_says '$(cat "$1.until")' '$1'"
	: >"$1.before.all"
	[ ! -e "$1.before" ] || cat "$1.before" >"$1.before.all"
	set -- "$1" timeout -s KILL 300
	if [ -e "$1.board" ]; then
		up
		set -- "$@" nsenter -t "$machine" -m -p -u -n
	fi
	block=$1
	shift
	status=0
	"$@" sh -ec "cd \"\$(cat '$here/cwd')\"; . '$here/lib'; . '$block.before.all'; set -- '$block'; $run
		pwd >'$here/cwd'" sh </dev/null >"$block.out" 2>&1 || status=$?
	# Such an order may end the client, too.
	if grep -qE 'oci-init (poweroff|reboot|halt)' "$block"; then
		wait_for machine_ended
		[ $status != 137 ] || status=0
	fi
	if [ $status = 0 ] && [ -e "$block.got" ]; then
		compare "$block.want" "$block.got" >>"$block.out" || status=1
	fi
}

# one_block BLOCK NAME
one_block() {
	if [ "$(cat "$1.section")" != "$section" ]; then
		section=$(cat "$1.section")
		rm -rf "$here/work"
		mkdir "$here/work"
		echo "$here/work" >"$here/cwd"
	fi
	if [ -e "$1.by" ]; then
		ok "$2: $(cat "$1.by") runs it" looked_at "$1"
		return
	elif [ -e "$1.exists" ]; then
		ok "$2: its targets and scripts exist" exist "$1"
		return
	fi
	# shellcheck disable=SC2046 # words
	lack=$([ ! -e "$1.needs" ] || missing $(cat "$1.needs"))
	if [ -n "$lack" ]; then
		skip "$2" "$lack is not here"
		return
	fi
	[ ! -e "$1.tree" ] || echo "$top" >"$here/cwd"
	run_block "$1"
	is "$2" $status 0 || diag "$(tail -n 20 "$1.out")"
	[ ! -e "$1.after" ] || sh "$1.after" >/dev/null 2>&1
}

: >"$here/not-run"
all='ARCHITECTURE.md CONTRIBUTING.md README.md SECURITY.md docs/*.md tests/README.md'
for doc in ${DOCS:-$all}; do
	[ -f "$top/$doc" ] || continue
	rm -rf "$here"/[0-9]*
	cd "$top" || exit 1
	# What one document does with the machine is not seen in the next.
	machine_ended || down
	cut_blocks "$doc"
	blocks=$(cat "$here/count")
	n=0 section=
	while [ $n -lt "$blocks" ]; do
		n=$((n + 1))
		case $(cat "$here/$n.kind") in
		sh | console) one_block "$here/$n" "$(cat "$here/$n.name")" ;;
		none) fail "$(cat "$here/$n.name") says what it is" ;;
		esac
	done
done

# Commands that are not run, and rows of the list: each has its other half.
grep -v '^#' "$tests/docs.list" | cut -f 1 | sort >"$here/rows"
sort -u "$here/not-run" >"$here/commands"
is 'each command that is not run stands in docs.list' "$(comm -13 "$here/rows" "$here/commands")" ''
[ -n "${DOCS:-}" ] || is 'each row of docs.list is a command that is not run' \
	"$(comm -23 "$here/rows" "$here/commands")" ''
is 'each row of docs.list has a reason' \
	"$(grep -v '^#' "$tests/docs.list" | grep -v '	.')" ''

# Words of the kernel are not in the sources; all others in the table of messages are.
grep '^| `' "$top/docs/troubleshooting.md" | sed 's/^| //; s/ | .*//' | tr '`' '\n' |
	grep -v '^ *\.* *$' | grep -v 'read-only file system' >"$here/messages"
lost=$(while IFS= read -r message; do
	grep -rqF -e "$message" "$top/core" "$top/applets" || echo "$message"
done <"$here/messages")
is "docs/troubleshooting.md: each message is one of the program's" "$lost" ''
ok "docs/troubleshooting.md: there are messages" [ "$(wc -l <"$here/messages")" -gt 8 ]
lost=$(cd "$top" && grep -o '](\([A-Za-z0-9_./-]*\))' README.md CONTRIBUTING.md SECURITY.md \
	CHANGELOG.md docs/*.md tests/README.md |
	sed 's/:](/ /; s/)$//' | while read -r doc link; do
		[ -e "$(dirname "$doc")/$link" ] || echo "$doc: $link"
	done)
is "each link of the documents leads to a file" "$lost" ''
cd "$tmp" || exit 1
for c in $("$RUNC" list -q); do
	"$RUNC" delete --force "$c"
	fail "no container is left: $c"
done
umount /run/runc
[ -z "$made_root" ] || rmdir /run/runc
no_machine
nothing_left
done_testing
