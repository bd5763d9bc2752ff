/* check_linux_test.c - rules about the linux object, with texts that break and that obey them. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/check_test.h"

static const struct rule_case cases[] = {
	{ LINUX, "'namespaces':[{'type':'pid'},{'type':'ipc'},{'type':'pid','path':'/x'}]",
	  "2:53: linux.namespaces[2].type \"pid\": duplicate namespace type",
	  "'namespaces':[{'type':'pid'},{'type':'ipc'},{'type':'network','path':'/x'}]" },
	{ LINUX, "'namespaces':[{'type':'netwerk'}],'sysctl':{'net.x':'1'}",
	  "2:23: linux.namespaces[0].type: \"netwerk\" is not known: did you mean \"network\"?",
	  "'namespaces':[{'type':'network'}],'sysctl':{'net.x':'1'}" },
	{ LINUX, "'namespaces':[{'path':'/x'}]", "2:15: linux.namespaces[0].type: is missing",
	  "'namespaces':[]" },
	{ LINUX, "'namespaces':[{'type':'pid','path':'proc/1/ns/pid'}]",
	  "2:36: linux.namespaces[0].path \"proc/1/ns/pid\": must be an absolute path",
	  "'namespaces':[{'type':'pid','path':''}]" },
	{ LINUX,
	  "'namespaces':[{'type':'user'}],'gidMappings':[{'containerID':0,'hostID':1000,'size':1}],"
	  "'uidMappings':[{'containerID':0,'hostID':4294967295,'size':1}]",
	  "2:130: linux.uidMappings[0].hostID 4294967295: with size 1 the range ends beyond the "
	  "last id",
	  "'namespaces':[{'type':'user'}],'gidMappings':[{'containerID':0,'hostID':1000,'size':1}],"
	  "'uidMappings':[{'containerID':0,'hostID':4294967294,'size':1}]" },
	{ LINUX,
	  "'namespaces':[{'type':'user'}],'gidMappings':[{'containerID':0,'hostID':1000,'size':1}],"
	  "'uidMappings':[{'containerID':0,'hostID':0,'size':1},{'containerID':1,'hostID':1,'size':"
	  "4294967295}]",
	  "2:157: linux.uidMappings[1].containerID 1: with size 4294967295 the range ends beyond "
	  "the last id (and 1 more: oci-spec check config.json shows all)",
	  "'namespaces':[{'type':'user'}],'gidMappings':[{'containerID':0,'hostID':1000,'size':1}],"
	  "'uidMappings':[{'containerID':0,'hostID':0,'size':4294967295}]" },
	{ LINUX,
	  "'namespaces':[{'type':'user'}],'uidMappings':[{'containerID':0,'hostID':1000,'size':1}],"
	  "'gidMappings':[{'containerID':0,'hostID':9,'size':5},{'containerID':4,'hostID':20,'size'"
	  ":1}]",
	  "2:157: linux.gidMappings[1].containerID 4: the range overlaps linux.gidMappings[0]",
	  "'namespaces':[{'type':'user'}],'uidMappings':[{'containerID':0,'hostID':1000,'size':1}],"
	  "'gidMappings':[{'containerID':0,'hostID':9,'size':5},{'containerID':5,'hostID':20,'size'"
	  ":1}]" },
	{ LINUX,
	  "'namespaces':[{'type':'user'}],'uidMappings':[{'containerID':0,'hostID':1000,'size':1}],"
	  "'gidMappings':[{'containerID':0,'hostID':9,'size':5},{'containerID':5,'hostID':13,'size'"
	  ":1}]",
	  "2:168: linux.gidMappings[1].hostID 13: the range overlaps linux.gidMappings[0]",
	  "'namespaces':[{'type':'user'}],'uidMappings':[{'containerID':0,'hostID':1000,'size':1}],"
	  "'gidMappings':[{'containerID':0,'hostID':9,'size':5},{'containerID':5,'hostID':14,'size'"
	  ":1}]" },
	{ LINUX, "'uidMappings':[{'containerID':0,'hostID':1000,'size':1}]",
	  "2:15: linux.uidMappings: needs a user namespace",
	  "'namespaces':[{'type':'user'}],'uidMappings':[{'containerID':0,'hostID':1000,'size':1}],"
	  "'gidMappings':[{'containerID':0,'hostID':1000,'size':1}]" },
	{ LINUX, "'gidMappings':[{'containerID':0,'hostID':1000,'size':1}]",
	  "2:15: linux.gidMappings: needs a user namespace",
	  "'namespaces':[{'type':'user','path':'/"
	  "u'}],'uidMappings':[{'containerID':0,'hostID':1000,'size':1}],'gidMappings':[{'"
	  "containerID':0,'hostID':1000,'size':1}]" },
	{ LINUX,
	  "'namespaces':[{'type':'user'}],'gidMappings':[{'containerID':0,'hostID':1000,'size':1}]",
	  "2:15: linux.namespaces[0]: a new user namespace needs linux.uidMappings",
	  "'namespaces':[{'type':'user','path':'/u'}]" },
	{ LINUX,
	  "'namespaces':[{'type':'user'}],'uidMappings':[{'containerID':0,'hostID':1000,'size':1}]",
	  "2:15: linux.namespaces[0]: a new user namespace needs linux.gidMappings",
	  "'namespaces':[{'type':'user'}],'gidMappings':[{'containerID':0,'hostID':1000,'size':1}],"
	  "'uidMappings':[{'containerID':0,'hostID':1000,'size':1}]" },
	{ DOC,
	  "'ociVersion':'1.0.0','root':{'path':'r'},'process':{'cwd':'/"
	  "','args':['x'],'user':{'uid':10}},'linux':{'namespaces':[{'type':'user'}],'uidMappings':"
	  "[{'containerID':0,'hostID':1000,'size':10}],'gidMappings':[{'containerID':0,'hostID':"
	  "1000,'size':10}]}",
	  "2:90: process.user.uid: 10 is not in linux.uidMappings",
	  "'ociVersion':'1.0.0','root':{'path':'r'},'process':{'cwd':'/"
	  "','args':['x'],'user':{'uid':9}},'linux':{'namespaces':[{'type':'user'}],'uidMappings':["
	  "{'containerID':0,'hostID':1000,'size':10}],'gidMappings':[{'containerID':0,'hostID':"
	  "1000,'size':10}]}" },
	{ DOC,
	  "'ociVersion':'1.0.0','root':{'path':'r'},'process':{'cwd':'/"
	  "','args':['x'],'user':{'gid':10}},'linux':{'namespaces':[{'type':'user'}],'uidMappings':"
	  "[{'containerID':0,'hostID':1000,'size':10}],'gidMappings':[{'containerID':0,'hostID':"
	  "1000,'size':10}]}",
	  "2:90: process.user.gid: 10 is not in linux.gidMappings",
	  "'ociVersion':'1.0.0','root':{'path':'r'},'process':{'cwd':'/"
	  "','args':['x'],'user':{'gid':9}},'linux':{'namespaces':[{'type':'user'}],'uidMappings':["
	  "{'containerID':0,'hostID':1000,'size':10}],'gidMappings':[{'containerID':0,'hostID':"
	  "1000,'size':10}]}" },
	{ DOC,
	  "'ociVersion':'1.0.0','root':{'path':'r'},'process':{'cwd':'/"
	  "','args':['x'],'user':{'additionalGids':[1,11]}},'linux':{'namespaces':[{'type':'user'}]"
	  ",'uidMappings':[{'containerID':0,'hostID':1000,'size':10}],'gidMappings':[{'containerID'"
	  ":0,'hostID':1000,'size':10}]}",
	  "2:104: process.user.additionalGids[1]: 11 is not in linux.gidMappings",
	  "'ociVersion':'1.0.0','root':{'path':'r'},'process':{'cwd':'/"
	  "','args':['x'],'user':{'additionalGids':[1,2]}},'linux':{'namespaces':[{'type':'user'}],"
	  "'uidMappings':[{'containerID':0,'hostID':1000,'size':10}],'gidMappings':[{'containerID':"
	  "0,'hostID':1000,'size':10}]}" },
	{ LINUX, "'timeOffsets':{'boottime':{'secs':1}}",
	  "2:15: linux.timeOffsets: needs a time namespace",
	  "'namespaces':[{'type':'time'}],'timeOffsets':{'boottime':{'secs':1}}" },
	{ LINUX, "'namespaces':[{'type':'time','path':'/t'}],'timeOffsets':{'boottime':{'secs':1}}",
	  "2:58: linux.timeOffsets: cannot be set in a time namespace that is joined",
	  "'namespaces':[{'type':'time','path':'/t'}],'timeOffsets':{}" },
	{ LINUX, "'namespaces':[{'type':'time'}],'timeOffsets':{'realtime':{'secs':1}}",
	  "2:58: linux.timeOffsets.realtime: is not known: the clocks are boottime and monotonic",
	  "'namespaces':[{'type':'time'}],'timeOffsets':{'monotonic':{'secs':-1}}" },
	{ LINUX,
	  "'namespaces':[{'type':'time'}],'timeOffsets':{'monotonic':{'nanosecs':1000000000}}",
	  "2:71: linux.timeOffsets.monotonic.nanosecs 1000000000: must be below 1000000000",
	  "'namespaces':[{'type':'time'}],'timeOffsets':{'monotonic':{'nanosecs':999999999}}" },
	{ LINUX, "'devices':[{'path':'dev/x','type':'c','major':1,'minor':2}]",
	  "2:20: linux.devices[0].path \"dev/x\": must be an absolute path",
	  "'devices':[{'path':'/dev/x','type':'c','major':1,'minor':2}]" },
	{ LINUX, "'devices':[{'path':'/x','type':'z','major':1,'minor':2}]",
	  "2:32: linux.devices[0].type: invalid device type \"z\": it takes c, u, b or p",
	  "'devices':[{'path':'/x','type':'u','major':1,'minor':2}]" },
	{ LINUX, "'devices':[{'path':'/x','type':'b','major':1}]",
	  "2:12: linux.devices[0].minor: is missing for a device of type c or b",
	  "'devices':[{'path':'/x','type':'p'}]" },
	{ LINUX,
	  "'devices':[{'path':'/y','type':'p'},{'path':'/x','type':'c','minor':1,'major':null}]",
	  "2:79: linux.devices[1].major: is missing for a device of type c or b",
	  "'devices':[{'path':'/y','type':'p'},{'path':'/x','type':'c','minor':1,'major':1}]" },
	{ LINUX, "'devices':[{'path':'/x','type':'c','minor':1}]",
	  "2:12: linux.devices[0].major: is missing for a device of type c or b",
	  "'devices':[{'path':'/x','type':'c','minor':0,'major':0}]" },
	{ LINUX, "'devices':[{'path':'/x','type':'c','major':4096,'minor':2}]",
	  "2:44: linux.devices[0].major 4096: must be from 0 to 4095",
	  "'devices':[{'path':'/x','type':'c','major':4095,'minor':2}]" },
	{ LINUX, "'devices':[{'path':'/x','type':'c','major':1,'minor':-1}]",
	  "2:54: linux.devices[0].minor -1: must be from 0 to 1048575",
	  "'devices':[{'path':'/x','type':'c','major':1,'minor':1048575}]" },
	{ LINUX, "'devices':[{'path':'/x','type':'p','uid':4294967295}]",
	  "2:42: linux.devices[0].uid: must not be 4294967295, which stands for no id",
	  "'devices':[{'path':'/x','type':'p','uid':0,'fileMode':8630}]" },
	{ LINUX, "'devices':[{'path':'/x','type':'p','gid':4294967295}]",
	  "2:42: linux.devices[0].gid: must not be 4294967295, which stands for no id",
	  "'devices':[{'path':'/x','type':'p','gid':4294967294}]" },
	{ LINUX,
	  "'devices':[{'path':'/x','type':'c','major':1,'minor':3},{'path':'/"
	  "y','type':'p'},{'path':'/x','type':'b','major':1,'minor':3}]",
	  "2:90: linux.devices[2].path \"/x\": is another device than linux.devices[0] of the same "
	  "path",
	  "'devices':[{'path':'/x','type':'c','major':1,'minor':3},{'path':'/"
	  "y','type':'p'},{'path':'/x','type':'u','major':1,'minor':3}]" },
	{ LINUX, "'netDevices':{'eth0':{}}", "2:14: linux.netDevices: needs a network namespace",
	  "'namespaces':[{'type':'network'}],'netDevices':{'eth0':{}}" },
	{ LINUX, "'namespaces':[{'type':'network'}],'netDevices':{'a234567890123456':{}}",
	  "2:68: linux.netDevices.a234567890123456: invalid network device name "
	  "\"a234567890123456\"",
	  "'namespaces':[{'type':'network'}],'netDevices':{'a23456789012345':{}}" },
	{ LINUX, "'namespaces':[{'type':'network'}],'netDevices':{'eth0':{'name':'a b'}}",
	  "2:64: linux.netDevices.eth0.name: invalid network device name \"a b\"",
	  "'namespaces':[{'type':'network'}],'netDevices':{'eth0':{'name':'eth%d'},'eth1':{'name':'"
	  "eth%d'}}" },
	{ LINUX, "'namespaces':[{'type':'network'}],'netDevices':{'..':{'name':'x'}}",
	  "2:54: linux.netDevices...: invalid network device name \"..\"",
	  "'namespaces':[{'type':'network'}],'netDevices':{'...':{'name':''}}" },
	{ LINUX,
	  "'namespaces':[{'type':'network'}],'netDevices':{'eth0':{'name':'eth1'},'eth1':{}}",
	  "2:48: linux.netDevices: two devices would be named \"eth1\"",
	  "'namespaces':[{'type':'network'}],'netDevices':{'eth0':{'name':'eth1'},'eth1':{'name':'"
	  "eth0'}}" },
	{ LINUX, "'cgroupsPath':'a/../../b'",
	  "2:15: linux.cgroupsPath \"a/../../b\": must not lead out with ..",
	  "'cgroupsPath':'a/../b/./c'" },
	{ LINUX, "'cgroupsPath':'/..'",
	  "2:15: linux.cgroupsPath \"/..\": must not lead out with ..",
	  "'cgroupsPath':'system.slice:runc:x..y'" },
	{ LINUX, "'sysctl':{'net.ipv4.ip_forward':'1'}",
	  "2:33: linux.sysctl.net.ipv4.ip_forward: needs a namespace of type network",
	  "'namespaces':[{'type':'network'}],'sysctl':{'net.ipv4.ip_forward':'1'}" },
	{ LINUX, "'namespaces':[{'type':'ipc'}],'sysctl':{'kernel.panic':'1'}",
	  "2:56: linux.sysctl.kernel.panic: is not in a separate kernel namespace",
	  "'namespaces':[{'type':'ipc'}],'sysctl':{'kernel.sem':'1','fs.mqueue.msg_max':'2'}" },
	{ LINUX, "'namespaces':[{'type':'network'}],'sysctl':{'net/../kernel/panic':'1'}",
	  "2:67: linux.sysctl.net/../kernel/panic: is not the name of a kernel parameter",
	  "'namespaces':[{'type':'network'}],'sysctl':{'net/ipv4/conf/eth0.1/forwarding':'1'}" },
	{ LINUX, "'namespaces':[{'type':'network'}],'sysctl':{'net..x':'1'}",
	  "2:54: linux.sysctl.net..x: is not the name of a kernel parameter",
	  "'namespaces':[{'type':'network'}],'sysctl':{'net.ipv4.conf.eth0/1.forwarding':'1'}" },
	{ LINUX, "'namespaces':[{'type':'uts'}],'sysctl':{'kernel.hostname':'x'}",
	  "2:59: linux.sysctl.kernel.hostname: conflicts with the OCI \"hostname\" field",
	  "'namespaces':[{'type':'uts'}],'sysctl':{'kernel.domainname':'x'}" },
	{ LINUX, "'namespaces':[{'type':'network'}],'sysctl':{'net.a':'1\\n2'}",
	  "2:53: linux.sysctl.net.a \"1?2\": must be a single line",
	  "'namespaces':[{'type':'network'}],'sysctl':{'net.a':'1 2\\t3'}" },
	{ LINUX, "'namespaces':[{'type':'network'}],'sysctl':{'net.a.b':'1','net/a/b':'2'}",
	  "2:44: linux.sysctl: sets net/a/b twice",
	  "'namespaces':[{'type':'network'}],'sysctl':{'net.a.b':'1','net/a/c':'2'}" },
	{ LINUX, "'maskedPaths':['/x']", "2:15: linux.maskedPaths: needs a mount namespace",
	  "'namespaces':[{'type':'mount'}],'maskedPaths':['/x']" },
	{ LINUX, "'namespaces':[{'type':'mount'}],'maskedPaths':['/x','y']",
	  "2:53: linux.maskedPaths[1] \"y\": must be an absolute path", "'maskedPaths':[]" },
	{ LINUX, "'readonlyPaths':['/x']", "2:17: linux.readonlyPaths: needs a mount namespace",
	  "'namespaces':[{'type':'mount'}],'readonlyPaths':['/x']" },
	{ LINUX, "'namespaces':[{'type':'mount'}],'readonlyPaths':['']",
	  "2:50: linux.readonlyPaths[0] \"\": must be an absolute path", "'readonlyPaths':null" },
	{ LINUX, "'rootfsPropagation':'shard'",
	  "2:21: linux.rootfsPropagation: rootfsPropagation=shard is not supported: did you mean "
	  "\"shared\"?",
	  "'rootfsPropagation':''" },
	{ LINUX, "'intelRdt':{'closID':'a/b'}",
	  "2:22: linux.intelRdt.closID \"a/b\": must be a single path component, or /",
	  "'intelRdt':{'closID':'/'}" },
	{ LINUX, "'intelRdt':{'closID':'..'}",
	  "2:22: linux.intelRdt.closID \"..\": must be a single path component, or /",
	  "'intelRdt':{'closID':'...'}" },
	{ LINUX, "'intelRdt':{'memBwSchema':'L3:0=1'}",
	  "2:27: linux.intelRdt.memBwSchema \"L3:0=1\": must be one line that begins with MB:",
	  "'intelRdt':{'memBwSchema':'MB:0=1'}" },
	{ LINUX, "'intelRdt':{'memBwSchema':'MB:0=1\\n'}",
	  "2:27: linux.intelRdt.memBwSchema \"MB:0=1?\": must be one line that begins with MB:",
	  "'intelRdt':{'enableCMT':true}" },
	{ LINUX, "'memoryPolicy':{'mode':'MPOL_BIND'}",
	  "2:16: linux.memoryPolicy.nodes: must be set with MPOL_BIND",
	  "'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0'}" },
	{ LINUX, "'memoryPolicy':{'mode':'MPOL_BIND'},'memoryPolicy.mode':0",
	  "2:16: linux.memoryPolicy.nodes: must be set with MPOL_BIND",
	  "'memoryPolicy':{'mode':'MPOL_LOCAL'},'memoryPolicy.mode':0" },
	{ LINUX, "'memoryPolicy':{'mode':'MPOL_DEFAULT','nodes':'0'}",
	  "2:47: linux.memoryPolicy.nodes \"0\": must not be set with MPOL_DEFAULT",
	  "'memoryPolicy':{'mode':'MPOL_DEFAULT','nodes':''}" },
	{ LINUX, "'memoryPolicy':{'mode':'MPOL_LOCAL','nodes':'0'}",
	  "2:45: linux.memoryPolicy.nodes \"0\": must not be set with MPOL_LOCAL",
	  "'memoryPolicy':{'mode':'MPOL_LOCAL'}" },
	{ LINUX, "'memoryPolicy':{'mode':'MPOL_PREFERRED','nodes':'x'}",
	  "2:49: linux.memoryPolicy.nodes: invalid memory policy nodes \"x\": must be a list such "
	  "as 0-3,7",
	  "'memoryPolicy':{'mode':'MPOL_PREFERRED'}" },
	{ LINUX,
	  "'memoryPolicy':{'mode':'MPOL_INTERLEAVE','nodes':'0','flags':['MPOL_F_STATIC_NODES','"
	  "MPOL_F_RELATIVE_NODES']}",
	  "2:62: linux.memoryPolicy.flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude "
	  "each other",
	  "'memoryPolicy':{'mode':'MPOL_WEIGHTED_INTERLEAVE','nodes':'0','flags':['MPOL_F_STATIC_"
	  "NODES','MPOL_F_NUMA_BALANCING']}" },
	{ LINUX, "'memoryPolicy':{'nodes':'0'}",
	  "2:16: linux.memoryPolicy.mode: invalid memory policy mode \"\": is missing",
	  "'memoryPolicy':{}" },
	{ LINUX, "'personality':{}", "2:15: linux.personality.domain: is missing",
	  "'personality':{'domain':'LINUX','flags':['whatever']}" },
};

int main(void)
{
	rule_cases(cases, ARRAY_SIZE(cases));
	rules_walk(check_linux_rules, "linux", cases, ARRAY_SIZE(cases));
	return done();
}
