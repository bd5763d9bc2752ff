#!/bin/sh
# boot-mounts.t - mounts of boot.json: by label and UUID, with the type that lies on the disk,
# checked before.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

. "$(dirname "$0")/machine.sh"
for need in mkfs.ext4 losetup; do
	command -v $need >/dev/null 2>&1 || skip_all "there is no $need here"
done
label=L$$
uuid=$(cat /proc/sys/kernel/random/uuid)
mkfs.ext4 -q -F -L "$label" -U "$uuid" "$tmp/disk" 4m >/dev/null 2>&1 ||
	skip_all 'mkfs.ext4 fails here'
disk=$(losetup -f --show "$tmp/disk" 2>/dev/null) || skip_all 'there are no loop devices here'
mkdir "$tmp/bin"
# The machine has this PATH. This fsck takes its exit status from a file.
cat >"$tmp/bin/fsck.ext4" <<E
#!/bin/sh
echo "\$*" >>"$tmp/checked"
exit "\$(cat "$tmp/fsck")"
E
chmod 755 "$tmp/bin/fsck.ext4"
PATH=$tmp/bin:$PATH
cat >"$tmp/boot.json" <<E
{ "mounts": [
  { "destination": "$tmp/one", "type": "auto", "source": "LABEL=$label" },
  { "destination": "$tmp/two", "type": "auto", "source": "UUID=$(echo "$uuid" | tr a-f A-F)", "options": [ "fsck", "noatime" ] },
  { "destination": "$tmp/three", "type": "auto", "source": "PARTUUID=none-$mark" },
  { "destination": "$tmp/four", "type": "auto", "source": "/dev/null" },
  { "destination": "$tmp/link/five", "type": "tmpfs", "source": "tmpfs" } ] }
E
mkdir "$tmp/real"
ln -s real "$tmp/link"
mounted() { inside grep -Eq " $tmp/$1 $2 " /proc/mounts; }
echo 1 >"$tmp/fsck"
unit 1-"$a" "$sleeper"
boot ocibox.config="$tmp/boot.json" ocibox.wait=100ms
wait_for says "^$a: up"
ok "LABEL= and the type auto" mounted one ext4
ok "UUID= in capital letters" mounted two ext4
is "the option fsck runs the image's program on the device first" "$(cat "$tmp/checked")" "-a $disk"
ok "a disk whose errors fsck corrected is mounted, with its options" \
	mounted two 'ext4 [^ ]*noatime[^ ]*'
ok "a PARTUUID that no device has is named, with the time" \
	says "mount $tmp/three: PARTUUID=none-$mark has not appeared within 100ms"
ok "a source without a filesystem is named, with the time" \
	says "mount $tmp/four: /dev/null: its filesystem is not one that"
ok "a symlink in the destination is followed" mounted real/five tmpfs
down
echo 4 >"$tmp/fsck"
boot ocibox.config="$tmp/boot.json" ocibox.wait=100ms
wait_for says "^$a: up"
ok "fsck that leaves errors is reported" \
	says "mount $tmp/two: fsck.ext4: status 4: $disk has errors"
nok "fsck that leaves errors: the disk is not mounted" mounted two ext4
down
rm "$tmp/bin/fsck.ext4"
PATH=$tmp/bin:/usr/bin:/bin
boot ocibox.config="$tmp/boot.json" ocibox.wait=100ms
if wait_for says "^$a: up" && ! says 'cannot be executed'; then
	skip "the option fsck without the program is reported" "fsck.ext4 lies in /bin here"
else
	ok "the option fsck without the program is reported" \
		says "mount $tmp/two: fsck.ext4 cannot be executed"
fi
down
PATH=$PATH:/usr/sbin:/sbin

# A second one with the same label, as on a stick that was put in.
mkfs.ext4 -q -F -L "$label" "$tmp/other" 4m >/dev/null 2>&1
other=$(losetup -f --show "$tmp/other")
boot ocibox.config="$tmp/boot.json" ocibox.wait=100ms
wait_for says "^$a: up"
ok "a label that two devices have is refused" \
	says "mount $tmp/one: LABEL=$label: several devices have it"
down
losetup -d "$disk"
losetup -d "$other"
fresh

nothing_left
done_testing
