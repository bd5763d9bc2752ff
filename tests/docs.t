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
#	<!-- test: by FILE -->		it needs a machine: FILE runs these commands, and is looked
#					at for their words
#	<!-- test: exists -->		it takes long, or changes the host: only the targets and
#					scripts are looked for
#	<!-- test: end ID -->		after a block: away with the container
#	<!-- test: run COMMANDS -->	after a block
. "$(dirname "$0")/lib.sh"

[ -f "$top/README.md" ] || skip_all 'the documents are not here'
case $(readlink -f "$RUNC") in */ocibox*) ;; *) skip_all 'the documents are about ocibox' ;; esac
need_root
! few_files || skip_all "$why"
if [ ! -d /run/runc ]; then
	mkdir /run/runc
fi
mount -t tmpfs none /run/runc || bail 'no state root of its own'
bin=$(dirname "$(readlink -f "$OCI_SPEC")")/bin
PATH=$bin:$PATH
export PATH BUSYBOX top
here=$tmp/docs
mkdir "$here"

# What blocks are given. Sourced before each.
cat >"$here/lib" <<'END'
bundle() {
	mkdir -p rootfs/bin rootfs/etc rootfs/tmp rootfs/proc rootfs/dev rootfs/sys
	cp "$BUSYBOX" rootfs/bin/busybox
	rootfs/bin/busybox --install rootfs/bin 2>/dev/null || :
	rm -f config.json
	oci-spec
	oci-spec set /process/terminal false /process/args sh -c "$*"
}
running() {
	bundle 'while :; do sleep 1; done'
	runc run --detach "$1" >/dev/null 2>&1
}
setup() { eval "$*"; }
# A shell on a terminal may throw away what came before its prompt: exit is typed until it ends.
type_exit() {
	typed=$(mktemp -d)
	mkfifo "$typed/fifo"
	(while echo exit; do sleep 0.2; done >"$typed/fifo") \
		2>/dev/null & # sleep: between two lines that are typed
	exec <"$typed/fifo"
	rm -r "$typed"
}
END

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
			if (word ~ /^(needs|by|exists|tree)$/)
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

# missing WORD...: the first thing that is not here
missing() {
	for _w; do
		case $_w in
		root) continue ;;
		memory) grep -q '^memory.*1$' /proc/cgroups && continue ;;
		cgroup-v2) [ -e /sys/fs/cgroup/cgroup.subtree_control ] && continue ;;
		memory-v1) [ -e /sys/fs/cgroup/memory/memory.limit_in_bytes ] && continue ;;
		freezer) cgroups_here && continue ;;
		*) command -v "$_w" >/dev/null 2>&1 && continue ;;
		esac
		echo "$_w"
		return
	done
}

# compare WANT GOT: line by line, without numbers and the width of blanks
compare() {
	for _f; do
		sed -e 's/[0-9][0-9]*/N/g; s/[ 	][ 	]*/ /g; s/ $//' "$_f" >"$_f.plain"
	done
	awk 'NR == FNR { want[++n] = $0; next } { got[++m] = $0 }
	END {
		for (i = j = 1; i <= n; i++)
			if (want[i] == "...") {
				any = 1
			} else {
				while (any && j <= m && got[j] != want[i])
					j++
				if (j > m || got[j] != want[i]) {
					print "wanted: " want[i]
					print "printed: " got[j]
					exit 1
				}
				j++
				any = 0
			}
		if (j <= m && !any) {
			print "printed: " got[j]
			exit 1
		}
	}' "$1.plain" "$2.plain"
}

# session FILE: commands after "$ "; each runs and what it prints is compared. Runs inside the
# block's shell.
cat >"$here/session" <<'END'
at=0
grep -n '^\$ ' "$1" | sed 's/:.*//' >"$1.lines"
echo "$(($(wc -l <"$1") + 1))" >>"$1.lines"
while read -r line; do
	if [ "$at" != 0 ]; then
		sed -n "${at}s/^\\\$ //p" "$1" >"$1.command"
		[ $((at + 1)) = "$line" ] || sed -n "$((at + 1)),$((line - 1))p" "$1" |
			sed '/^$/d' >>"$1.want"
		. "$1.command" >>"$1.got" 2>&1 </dev/null || {
			echo "status $?: $(cat "$1.command")"
			cat "$1.got"
			exit 1
		}
	fi
	at=$line
done <"$1.lines"
END

for doc in README.md CONTRIBUTING.md docs/*.md; do
	case $doc in
	docs/behaviours.md | docs/drop-in.md | docs/spec.md | docs/threats.md) continue ;;
	esac
	[ -f "$top/$doc" ] || continue
	rm -rf "$here"/[0-9]*
	cd "$top" || exit 1
	cut_blocks "$doc"
	blocks=$(cat "$here/count")
	n=0 section=
	while [ $n -lt "$blocks" ]; do
		n=$((n + 1))
		b=$here/$n
		name=$(cat "$b.name")
		case $(cat "$b.kind") in
		sh | console) ;;
		none)
			fail "$name says what it is"
			continue
			;;
		*) continue ;;
		esac
		if [ "$(cat "$b.section")" != "$section" ]; then
			section=$(cat "$b.section")
			rm -rf "$here/work"
			mkdir "$here/work"
			echo "$here/work" >"$here/cwd"
		fi
		if [ -e "$b.by" ]; then
			status=0
			# of a session only what is typed
			grep -q '^\$ ' "$b" && sed -i '/^\$ /!d' "$b"
			sed 's/^\$ //; s/#.*//' "$b" | awk 'NF { print $2 }' >"$b.list"
			while read -r word; do
				grep -qe "$word" "$tests/$(cat "$b.by")" || status=1
			done <"$b.list"
			is "$name: $(cat "$b.by") runs it" $status 0
			continue
		elif [ -e "$b.exists" ]; then
			status=0
			sed 's/^\$ //; s/#.*//' "$b" | awk 'NF' >"$b.list"
			while read -r line; do
				eval "set -- $line"
				case $1 in
				make)
					shift
					[ "${1:-}" != -C ] || continue # of another project
					(cd "$top" && make -n "$@" >/dev/null 2>&1) || {
						status=1
						diag "$line"
					}
					;;
				scripts/*) [ -x "$top/$1" ] || { status=1; diag "$line"; } ;;
				esac
			done <"$b.list"
			is "$name: its targets and scripts exist" $status 0
			continue
		fi
		# shellcheck disable=SC2046 # words
		lack=$([ ! -e "$b.needs" ] || missing $(cat "$b.needs"))
		if [ -n "$lack" ]; then
			skip "$name" "$lack is not here"
			continue
		fi
		[ ! -e "$b.tree" ] || echo "$top" >"$here/cwd"
		run=". '$b'"
		[ "$(cat "$b.kind")" = sh ] || run=". '$here/session'"
		: >"$b.before.all"
		[ ! -e "$b.before" ] || cat "$b.before" >"$b.before.all"
		status=0
		timeout -s KILL 300 \
			sh -ec "cd \"\$(cat '$here/cwd')\"; . '$here/lib'; . '$b.before.all'; set -- '$b'; $run
			pwd >'$here/cwd'" sh </dev/null >"$b.out" 2>&1 || status=$?
		if [ $status = 0 ] && [ -e "$b.got" ]; then
			compare "$b.want" "$b.got" >>"$b.out" || status=1
		fi
		is "$name" $status 0 || diag "$(tail -n 20 "$b.out")"
		[ ! -e "$b.after" ] || sh "$b.after" >/dev/null 2>&1
	done
done

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
nothing_left
done_testing
