# debian.sh - packages of any Debian suite without touching this machine's apt; sourced by scripts.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh

# Prints the mirror that this machine's apt uses for Debian, or the usual one.
debian_mirror() {
	# shellcheck disable=SC2016 # apt's own variables
	m=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' \
		2>/dev/null |
		awk '$1 == "Debian" && $2 !~ /security/ { print $2; exit }')
	printf '%s\n' "${m:-http://deb.debian.org/debian}"
}

# debian_apt DIR get|cache ARG...: runs apt with the configuration in DIR, which has sources, lists
# and a cache of its own; the machine's are only read. debian_arch is the architecture of the
# packages, if it is not this machine's.
debian_apt() {
	debian_dir=$1
	debian_tool=apt-$2
	shift 2
	"$debian_tool" \
		-q -q ${debian_arch:+-o APT::Architecture="$debian_arch"} \
		${debian_arch:+-o APT::Architectures="$debian_arch"} \
		-o Dir::Etc::SourceList="$debian_dir/sources.list" \
		-o Dir::Etc::SourceParts="$debian_dir/none" \
		-o Dir::State="$debian_dir/state" -o Dir::State::status=/dev/null \
		-o Dir::Cache="$debian_dir/cache" \
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=2 \
		-o Acquire::http::Timeout=20 "$@"
}

# debian_suite DIR TYPE SUITE: makes such a configuration in DIR, an absolute path, and fetches its
# lists. TYPE is the first word of a line of sources.list(5).
debian_suite() {
	mkdir -p "$1/state/lists/partial" "$1/cache/archives/partial" "$1/none"
	echo "$2 $(debian_mirror) $3 main" >"$1/sources.list"
	debian_apt "$1" get update
}
