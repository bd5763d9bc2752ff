#!/bin/sh
# image-steps.t - an unpacking is killed before each of its system calls, or a call fails: all of
# the bundle is there, or nothing.
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034
#
# At every how many calls: OCI_STRIDE=1 takes minutes.
. "$(dirname "$0")/lib.sh"
need_root
! few_files || skip_all "$why"
. "$tests/images.sh"
helper step || skip_all 'the helper step is not built'
"$HELPERS/step" count -- true || skip_all 'ptrace is not allowed here'
stride=${OCI_STRIDE:-7}

# The second layer is large enough for a process that decompresses.
layer low.tar <<END
5|d/|mode=500
0|d/file|data=text|mode=4755|uid=33
0|gone|data=x
2|link|link=d/file
1|hard|link=d/file
END
head -c 400000 /dev/urandom >"$tmp/random"
tar -C "$tmp" -cf "$tmp/high.tar" random
layer hide.tar <<END
0|.wh.gone
6|fifo|mode=600
END
gzip -1 "$tmp/high.tar"
layout
image one "$tmp/low.tar" "$tmp/high.tar.gz" "$tmp/hide.tar"
mkdir "$tmp/place"
mount -t tmpfs none "$tmp/place" || skip_all 'no tmpfs can be mounted'
unpack "$layout"
is 'without a fault the image is unpacked' "$status" 0 || diag "$err"
listing() {
	(cd "$1" && find . | sort | xargs stat -c '%n %f %u %g %s %Y %h' | sed 1d &&
		sha256sum rootfs/random rootfs/d/file config.json)
}
# The time of rootfs is that of its last change, and so is that of config.json.
whole() { listing "$1" | sed 's,^\(\./[a-z.]* .* .* .* .*\) [0-9]* ,\1 ,'; }
whole "$bundle" >"$tmp/want"

# The unpacking has ended: no temporary directory is left.
ended() { [ -z "$(find "$tmp/place" -mindepth 1 -maxdepth 1 -name '.*')" ]; }
at_call() { # HOW N [ERRNO]; sets $rc
	rc=0
	timeout -s KILL 60 "$HELPERS/step" -o "$tmp/step" "$@" -- "$OCI_IMAGE" unpack "$layout" \
		"$tmp/place/b" >"$tmp/out" 2>&1 </dev/null || rc=$?
}
judge() { # sets $wrong
	wrong=
	wait_for ended || wrong='something is left beside it'
	if [ -e "$tmp/place/b" ]; then
		whole "$tmp/place/b" | cmp -s - "$tmp/want" || wrong="$wrong; a part of it is there"
		[ "$rc" = 0 ] || [ "$rc" = 137 ] || wrong="$wrong; it is there, with status $rc"
	elif [ "$rc" = 0 ]; then
		wrong="$wrong; status 0 and no bundle"
	fi
	[ "$rc" != 125 ] && [ "$rc" != 124 ] || wrong="$wrong; it was not traced ($rc)"
}
each_call() { # DESC HOW [ERRNO]
	kind=$1 how=$2 error=${3:-}
	bad=0 hit=0 n=1
	while [ "$n" -le "$total" ]; do
		rm -rf "$tmp/place/b" "$tmp"/place/.b.*
		# shellcheck disable=SC2086 # an empty one is left out
		at_call "$how" "$n" $error
		# These are calls of several processes, so their number varies a little.
		[ "$rc" != 124 ] || break
		[ "$rc" = 0 ] || hit=$((hit + 1))
		judge
		if [ -n "$wrong" ]; then
			bad=$((bad + 1))
			[ "$bad" -gt 5 ] || diag "$how $n ($(cat "$tmp/step")): $wrong" \
				"$(cat "$tmp/out")"
		fi
		n=$((n + stride))
	done
	diag "$kind: $hit of $total calls at every $stride ended it"
	ok "$kind: it was hit at all" test "$hit" -gt 0
	is "$kind: all of the bundle or nothing" "$bad" 0
}

at_call count
total=$(cat "$tmp/step")
rm -rf "$tmp/place/b"
ok 'the system calls of an unpack are counted' test "$total" -gt 100
each_call 'the first process of the unpacking is killed' kill
each_call 'another process of the unpacking is killed' slay
each_call 'the disk is full' fail 28
each_call 'a call fails' fail 5

umount "$tmp/place"
nothing_left
done_testing
