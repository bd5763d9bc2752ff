/* check_mount_test.c - rules about mounts, with texts that break and that obey them. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/check_test.h"

static const struct rule_case cases[] = {
	{ TOP, "'mounts':[{'destination':'/x','type':'tmpfs'}]",
	  "2:10: mounts: needs a mount namespace", "'mounts':[]" },
	{ MOUNTS, "{'type':'tmpfs'}", "2:1: mounts[0].destination: is missing",
	  "{'destination':'/x','type':'tmpfs'}" },
	{ MOUNTS, "{'destination':''}", "2:16: mounts[0].destination: must not be empty",
	  "{'destination':'relative','type':'tmpfs'}" },
	{ MOUNTS, "{'destination':'/x/..','type':'tmpfs'}",
	  "2:16: mounts[0].destination \"/x/..\": must not be the container's root itself",
	  "{'destination':'/x/../y','type':'tmpfs'}" },
	{ MOUNTS, "{'destination':'/proc/self/attr','type':'tmpfs'}",
	  "2:16: mounts[0].destination \"/proc/self/attr\": cannot be mounted because it is inside "
	  "/proc",
	  "{'destination':'/proc/cpuinfo','source':'/x','options':['bind']}" },
	{ MOUNTS, "{'destination':'//proc/./sys','source':'/x','options':['rbind']}",
	  "2:16: mounts[0].destination \"//proc/./sys\": cannot be mounted because it is inside "
	  "/proc",
	  "{'destination':'/proc/sys/kernel/ns_last_pid','source':'/x','options':['bind']}" },
	{ MOUNTS, "{'destination':'/proc','type':'tmpfs'}",
	  "2:31: mounts[0].type \"tmpfs\": must be proc on /proc",
	  "{'destination':'/proc','type':'proc'},{'destination':'/process','type':'tmpfs'}" },
	{ MOUNTS, "{'destination':'proc/'}", "2:1: mounts[0].type: must be proc on /proc",
	  "{'destination':'/proc','type':'none','source':'/proc','options':['rbind']}" },
	{ MOUNTS, "{'destination':'/x','options':['ro','bind']}",
	  "2:1: mounts[0].source: is missing for a bind mount",
	  "{'destination':'/x','source':'a','options':['ro','bind']}" },
	{ MOUNTS, "{'destination':'/x','source':'','options':['rbind']}",
	  "2:30: mounts[0].source: is missing for a bind mount",
	  "{'destination':'/x','source':'a','type':'','options':['rbind']}" },
	{ MOUNTS, "{'destination':'/x','type':'bind','source':'/y'}",
	  "2:28: mounts[0].type \"bind\": is not a filesystem: the option bind or rbind is missing",
	  "{'destination':'/x','type':'bind','source':'/y','options':['rbind']}" },
	{ MOUNTS, "{'destination':'/x','source':'/y','options':['bind','mode=755']}",
	  "2:53: mounts[0].options[1] \"mode=755\": is not an option of bind mounts: bind mounts "
	  "cannot have any filesystem-specific options applied",
	  "{'destination':'/x','type':'tmpfs','options':['mode=755']}" },
	{ MOUNTS, "{'destination':'/x','source':'/y','options':['bind','readonly']}",
	  "2:53: mounts[0].options[1] \"readonly\": is not an option of bind mounts: bind mounts "
	  "cannot have any filesystem-specific options applied; did you mean \"ro\"?",
	  "{'destination':'/x','type':'tmpfs','options':['readonly']}" },
	{ MOUNTS, "{'destination':'/x','source':'/y','options':['rbind','rprivat']}",
	  "2:54: mounts[0].options[1] \"rprivat\": is not an option of bind mounts: bind mounts "
	  "cannot have any filesystem-specific options applied; did you mean \"rprivate\"?",
	  "{'destination':'/x','source':'/y','options':['rbind','rprivate']}" },
	{ MOUNTS, "{'destination':'/x','source':'/y','options':['bind','idmap=uids=0-1']}",
	  "2:53: mounts[0].options[1] \"idmap=uids=0-1\": must be ranges such as 0-1000-1, with # "
	  "between them",
	  "{'destination':'/x','source':'/"
	  "y','options':['bind','idmap=uids=0-1-1#9-5-2;gids=0-0-1']}" },
	{ MOUNTS, "{'destination':'/x','source':'/y','options':['bind','ridmap=uids=0-1-1']}",
	  "2:53: mounts[0].options[1] \"ridmap=uids=0-1-1\": needs both uids= and gids=",
	  "{'destination':'/x','source':'/"
	  "y','options':['bind','ridmap=gids=@0-1-1;uids=@0-1-1']}" },
	{ MOUNTS,
	  "{'destination':'/x','source':'/y','options':['bind','idmap=uids=0-1-1;uids=0-1-1']}",
	  "2:53: mounts[0].options[1] \"idmap=uids=0-1-1;uids=0-1-1\": must be "
	  "uids=RANGES;gids=RANGES, each once",
	  "{'destination':'/x','source':'/"
	  "y','options':['bind','idmap=uids=0-1-1;gids=0-4294967294-1']}" },
	{ MOUNTS, "{'destination':'/x','type':'tmpfs','options':['idmap']}",
	  "2:46: mounts[0].options: id-mapped mounts are only supported for bind mounts",
	  "{'destination':'/x','source':'/"
	  "y','options':['bind','idmap'],'uidMappings':[{'containerID':0,'hostID':1,'size':1}],'"
	  "gidMappings':[{'containerID':0,'hostID':1,'size':1}]}" },
	{ MOUNTS,
	  "{'destination':'/"
	  "x','type':'tmpfs','uidMappings':[{'containerID':0,'hostID':1,'size':1}],'gidMappings':[{"
	  "'containerID':0,'hostID':1,'size':1}]}",
	  "2:50: mounts[0].uidMappings: id-mapped mounts are only supported for bind mounts",
	  "{'destination':'/x','source':'/"
	  "y','options':['bind'],'uidMappings':[],'gidMappings':[]}" },
	{ MOUNTS,
	  "{'destination':'/x','source':'/"
	  "y','options':['bind'],'uidMappings':[{'containerID':0,'hostID':1,'size':1}]}",
	  "2:1: mounts[0].gidMappings: is missing: id-mapped mounts need both uid and gid mappings",
	  "{'destination':'/x','source':'/"
	  "y','options':['rbind','ridmap'],'uidMappings':[{'containerID':0,'hostID':1,'size':1}],'"
	  "gidMappings':[{'containerID':0,'hostID':1,'size':1}]}" },
	{ MOUNTS,
	  "{'destination':'/x','source':'/"
	  "y','options':['bind'],'gidMappings':[{'containerID':0,'hostID':1,'size':1}]}",
	  "2:1: mounts[0].uidMappings: is missing: id-mapped mounts need both uid and gid mappings",
	  "{'destination':'/x','source':'/y','options':['bind','idmap=uids=0-1-10;gids=0-1-10']}" },
	{ MOUNTS,
	  "{'destination':'/x','source':'/"
	  "y','options':['bind'],'uidMappings':[{'containerID':0,'hostID':1,'size':0}],'"
	  "gidMappings':[{'containerID':0,'hostID':1,'size':1}]}",
	  "2:104: mounts[0].uidMappings[0].size 0: must be above zero",
	  "{'destination':'/x','source':'/"
	  "y','options':['bind'],'uidMappings':[{'containerID':0,'hostID':1,'size':1},{'"
	  "containerID':1,'hostID':0,'size':1}],'gidMappings':[{'containerID':0,'hostID':1,'size':"
	  "1}]}" },
	{ MOUNTS, "{'destination':'/x','source':'/y','options':['bind','ridmap']}",
	  "2:53: mounts[0].options[1] \"ridmap\": needs uidMappings and gidMappings, or a user "
	  "namespace to take them from",
	  "{'destination':'/x','source':'/y','options':['bind']}" },
	{ MOUNTS,
	  "{'destination':'/x','source':'/y','options':['bind','copy-symlink','src-nofollow']}",
	  "2:45: mounts[0].options: copy-symlink and src-nofollow exclude each other",
	  "{'destination':'/x','source':'/y','options':['bind','copy-symlink','dest-nofollow']}" },
	{ DOC,
	  "'ociVersion':'1.0.0','root':{'path':'r'},'process':{'cwd':'/"
	  "','args':['x']},'linux':{'namespaces':[{'type':'mount'},{'type':'user'}],'uidMappings':["
	  "{'containerID':0,'hostID':1000,'size':5}],'gidMappings':[{'containerID':0,'hostID':1000,"
	  "'size':5}]},'mounts':[{'destination':'/x','type':'tmpfs','options':['ro','uid=5']}]",
	  "2:310: mounts[0].options[1] \"uid=5\": is not in linux.uidMappings",
	  "'ociVersion':'1.0.0','root':{'path':'r'},'process':{'cwd':'/"
	  "','args':['x']},'linux':{'namespaces':[{'type':'mount'},{'type':'user'}],'uidMappings':["
	  "{'containerID':0,'hostID':1000,'size':5}],'gidMappings':[{'containerID':0,'hostID':1000,"
	  "'size':5}]},'mounts':[{'destination':'/x','type':'tmpfs','options':['ro','uid=4']}]" },
};

int main(void)
{
	rule_cases(cases, ARRAY_SIZE(cases));
	rules_walk(check_mount_rules, "linux", cases, ARRAY_SIZE(cases));
	rules_walk(check_one_mount_rules, "linux", cases, ARRAY_SIZE(cases));
	return done();
}
