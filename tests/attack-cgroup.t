#!/bin/sh
# attack-cgroup.t - what a config, a container or another user of the host can do by way of cgroups.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
cgroups_here || skip_all 'no cgroups are mounted here'

# ---- a cgroupsPath with many dashes: a slice's directory names every slice above it ----

bundle
config_set /linux/cgroupsPath "\"$(awk 'BEGIN { for (i = 0; i < 3000; i++) printf "%sa", i ? "-" : "" }').slice:p:n\""
limited() (
	ulimit -v 500000
	do_runc --systemd-cgroup run --bundle "$bundle" "$id"
	printf '%s %.200s' "$status" "$err"
)
# control: this took 8.6 GB.
like 'a cgroupsPath with 3000 dashes is refused, and takes no memory' "$(limited)" '^1 .*invalid slice name'

nothing_left
done_testing
