# engines-criu.sh - checkpoint and restore by engines; sourced by scripts/engines.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154	# as there; and its variables
#
# CRIU is the one in PATH. The rows are skipped if it does not work with this kernel.

# criu_row: a row where CRIU works.
criu_row() {
	[[ $1 =~ ${ROWS:-} ]] || return 0
	if ! command -v criu >/dev/null; then
		skipped "$1" 'criu is not installed'
	elif ! criu check >"$work/criu" 2>&1; then
		skipped "$1" "criu check: $(grep Error "$work/criu" | tail -n 2 | head -n 1)"
	else
		row "$@"
	fi
}

# The payload counts, and has a name in its memory, which another start would not have.
counting='read -r me </proc/sys/kernel/random/uuid; i=0
	while :; do i=$((i + 1)); echo $me $i >/tmp/new; mv /tmp/new /tmp/count; sleep 0.1; done'
# said ID: prints its name and number
said() {
	case $engine in
	containerd) $E task exec --exec-id "x$RANDOM$RANDOM" "$1" cat /tmp/count ;;
	*) $E exec "$1" cat /tmp/count ;;
	esac 2>/dev/null
}
# beyond ID SAID: it has the same name and a greater number now.
beyond() {
	local now
	now=$(said "$1") && [ "${now% *}" = "${2% *}" ] && [ "${now#* }" -gt "${2#* }" ]
}
counts() { until_ok said "$1" && until_ok beyond "$1" "$(said "$1")"; }
# counts_on ID SAID: it counts beyond that, and goes on.
counts_on() { until_ok beyond "$1" "$2" && counts "$1" && echo 'counts on'; }

criu_podman_rows() {
	local start="$E run -d $opts" checkpoint="$E container checkpoint"
	local restore="$E container restore" rmf="$E rm -f -t 0"

	criu_row 'checkpoint: it is exported, removed, imported by another name, and counts on' \
		'^k1; counts on; k2; =0$' \
		"$start --name k1 $image sh -c '$counting' >/dev/null; counts k1; s=\$(said k1)
		$checkpoint -e $work/k1.tar.gz k1 >/dev/null && $E rm k1
		$restore -i $work/k1.tar.gz -n k2 >/dev/null
		counts_on k2 \"\$s\"; $rmf k2"
	criu_row 'checkpoint: exited, and restore' '^exited; running; counts on; =0$' \
		"$start --name k3 $image sh -c '$counting' >/dev/null; counts k3; s=\$(said k3)
		for v in checkpoint restore; do
			$E container \$v k3 >/dev/null; $E inspect -f '{{.State.Status}}' k3
		done
		counts_on k3 \"\$s\""
	criu_row 'checkpoint: left running' '^counts on; k3; =0$' \
		"s=\$(said k3); $checkpoint -R -e $work/k3.tar k3 >/dev/null
		counts_on k3 \"\$s\"; $rmf k3"
	criu_row 'checkpoint: with a terminal' '^counts on; k4; =0$' \
		"$start -t --name k4 $image sh -c '$counting' >/dev/null; counts k4
		s=\$(said k4); $checkpoint k4 >/dev/null && $restore k4 >/dev/null
		counts_on k4 \"\$s\"; $rmf k4"
	rm -f "$work"/k[13].tar*
}

criu_containerd_rows() {
	local run="$E run -d --null-io --snapshotter native --runc-binary $RUNTIME"

	criu_row 'tasks checkpoint: it counts on, or stops' \
		'^pstree.img; counts on; pstree.img; STOPPED; =0$' \
		"$run $image k1 sh -c '$counting'; counts k1; s=\$(said k1)
		$E task checkpoint --image-path $work/k1 k1; (cd $work/k1 && ls pstree.img)
		counts_on k1 \"\$s\"; $E task checkpoint --exit --image-path $work/k2 k1
		(cd $work/k2 && ls pstree.img)
		until_says STOPPED eval '$E task ls | grep -o STOPPED'; $(away k1)"
	criu_row 'containers checkpoint, restore by another name' '^counts on; =0$' \
		"$run $image k3 sh -c '$counting'; counts k3; s=\$(said k3)
		$E c checkpoint --rw --image --task k3 $mark-k; $(away k3)
		$E c restore --rw --live k4 $mark-k; counts_on k4 \"\$s\"
		$E images rm $mark-k >/dev/null; $(away k4)"
	rm -rf "$work"/k[12]
}

# The daemon has experimental features on.
criu_docker_rows() {
	criu_row 'checkpoint create, start --checkpoint' \
		'^ck; exited; running; counts on; k1; =0$' \
		"$E run -d $opts --name k1 $image sh -c '$counting' >/dev/null; counts k1
		s=\$(said k1); $E checkpoint create k1 ck; $E inspect -f '{{.State.Status}}' k1
		$E start --checkpoint ck k1; $E inspect -f '{{.State.Status}}' k1
		counts_on k1 \"\$s\"; $E rm -f k1"
}
