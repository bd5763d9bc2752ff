/* check_seccomp_test.c - rules about seccomp, with texts that break and that obey them. */
/* SPDX-License-Identifier: MIT */
#include "core/oci/check_test.h"

#define WIDE(arch, rest)                                                                           \
	"'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_" arch                       \
	"'],'syscalls':[{'names':['x'],'action':'SCMP_ACT_KILL','args':[{'index':0,'value':" rest  \
	"}]}]"

static const struct rule_case cases[] = {
	{ SECCOMP, "'syscalls':[{'names':['x'],'action':'SCMP_ACT_ALLOW'}]",
	  "1:97: linux.seccomp.defaultAction: is missing",
	  "'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['x'],'action':'SCMP_ACT_ALLOW'}"
	  "]" },
	{ SECCOMP, "'defaultAction':'','syscalls':[{'names':['x'],'action':'SCMP_ACT_ALLOW'}]",
	  "2:17: linux.seccomp.defaultAction: is missing", "'defaultAction':''" },
	{ SECCOMP, "'defaultAction':'SCMP_ACT_NOPE'",
	  "2:17: linux.seccomp.defaultAction: string SCMP_ACT_NOPE is not a valid action for "
	  "seccomp",
	  "'architectures':['SCMP_ARCH_X86']" },
	{ SECCOMP, "'defaultAction':'SCMP_ACT_NOTIFY','listenerPath':'/l'",
	  "2:17: linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be used as default action",
	  "'defaultAction':'SCMP_ACT_KILL','listenerPath':'/l'" },
	{ SECCOMP, "'defaultAction':'SCMP_ACT_ALLOW','defaultErrnoRet':1",
	  "2:52: linux.seccomp.defaultErrnoRet 1: is not for SCMP_ACT_ALLOW: only SCMP_ACT_ERRNO "
	  "and SCMP_ACT_TRACE have an errno",
	  "'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':0" },
	{ SECCOMP, "'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':4096",
	  "2:52: linux.seccomp.defaultErrnoRet 4096: must be at most 4095",
	  "'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':4095" },
	{ SECCOMP, "'defaultAction':'SCMP_ACT_TRACE','defaultErrnoRet':65536",
	  "2:52: linux.seccomp.defaultErrnoRet 65536: must be at most 65535",
	  "'defaultAction':'SCMP_ACT_TRACE','defaultErrnoRet':65535" },
	{ SECCOMP,
	  "'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['x'],'action':'SCMP_ACT_KILL','"
	  "errnoRet':1}]",
	  "2:97: linux.seccomp.syscalls[0].errnoRet 1: is not for SCMP_ACT_KILL: only "
	  "SCMP_ACT_ERRNO and SCMP_ACT_TRACE have an errno",
	  "'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['x'],'action':'SCMP_ACT_ERRNO','"
	  "errnoRet':1}]" },
	{ SECCOMP,
	  "'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':[],'action':'SCMP_ACT_KILL'}]",
	  "2:55: linux.seccomp.syscalls[0].names: must not be empty",
	  "'defaultAction':'SCMP_ACT_ALLOW','syscalls':[]" },
	{ SECCOMP, "'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'action':'SCMP_ACT_KILL'}]",
	  "2:46: linux.seccomp.syscalls[0].names: is missing",
	  "'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['never_heard_of'],'action':'SCMP_"
	  "ACT_KILL'}]" },
	{ SECCOMP,
	  "'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['x',''],'action':'SCMP_ACT_KILL'}"
	  "]",
	  "2:60: linux.seccomp.syscalls[0].names[1]: must not be empty",
	  "'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['x','y'],'action':'SCMP_ACT_LOG'}"
	  "]" },
	{ SECCOMP, "'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['x'],'action':''}]",
	  "2:70: linux.seccomp.syscalls[0].action: string  is not a valid action for seccomp",
	  "'defaultAction':'SCMP_ACT_ALLOW','flags':[]" },
	{ SECCOMP,
	  "'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['x'],'action':'SCMP_ACT_KILL','"
	  "args':[{'index':6,'value':0,'op':'SCMP_CMP_EQ'}]}]",
	  "2:103: linux.seccomp.syscalls[0].args[0].index 6: must be from 0 to 5",
	  "'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['x'],'action':'SCMP_ACT_KILL','"
	  "args':[{'index':5,'value':18446744073709551615,'op':'SCMP_CMP_EQ'}]}]" },
	{ SECCOMP, WIDE("X86", "4294967296,'op':'SCMP_CMP_EQ'"),
	  "2:147: linux.seccomp.syscalls[0].args[0].value 4294967296: does not fit into the 32 "
	  "bits "
	  "of an argument on SCMP_ARCH_X86",
	  WIDE("X86", "4294967295,'op':'SCMP_CMP_EQ'") },
	{ SECCOMP, WIDE("ARM", "18446744073709551615,'op':'SCMP_CMP_GT'"),
	  "2:147: linux.seccomp.syscalls[0].args[0].value 18446744073709551615: does not fit into "
	  "the 32 bits of an argument on SCMP_ARCH_ARM",
	  WIDE("ARM", "18446744073709551615,'op':'SCMP_CMP_NE'") },
	{ SECCOMP, WIDE("MIPS64N32", "1,'valueTwo':4294967296,'op':'SCMP_CMP_MASKED_EQ'"),
	  "2:166: linux.seccomp.syscalls[0].args[0].valueTwo 4294967296: does not fit into the 32 "
	  "bits of an argument on SCMP_ARCH_MIPS64N32",
	  WIDE("MIPS64N32", "4294967297,'valueTwo':1,'op':'SCMP_CMP_MASKED_EQ'") },
	{ SECCOMP,
	  "'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/"
	  "l','syscalls':[{'names':['a','write'],'action':'SCMP_ACT_NOTIFY'}]",
	  "2:80: linux.seccomp.syscalls[0].names[1]: SCMP_ACT_NOTIFY cannot be used for the write "
	  "syscall",
	  "'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/"
	  "l','syscalls':[{'names':['a','writev'],'action':'SCMP_ACT_NOTIFY'},{'names':['write'],'"
	  "action':'SCMP_ACT_LOG'}]" },
	{ SECCOMP,
	  "'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['a'],'action':'SCMP_ACT_NOTIFY'},"
	  "{'names':['b'],'action':'SCMP_ACT_NOTIFY'}]",
	  "1:97: linux.seccomp.listenerPath: is missing for SCMP_ACT_NOTIFY",
	  "'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['a'],'action':'SCMP_ACT_LOG'}]" },
	{ SECCOMP, "'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'','listenerMetadata':'m'",
	  "2:71: linux.seccomp.listenerMetadata \"m\": needs listenerPath",
	  "'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/l','listenerMetadata':'m'" },
	{ SECCOMP, "'defaultAction':null,'syscalls':[{'names':['x'],'action':'SCMP_ACT_ALLOW'}]",
	  "2:17: linux.seccomp.defaultAction: is missing", "'defaultAction':null,'syscalls':[]" },
	{ SECCOMP, "'defaultAction':'SCMP_ACT_ALLOW','listenerMetadata':'m'",
	  "2:53: linux.seccomp.listenerMetadata \"m\": needs listenerPath",
	  "'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/m'" },
};

int main(void)
{
	rule_cases(cases, ARRAY_SIZE(cases));
	rules_walk(check_seccomp_rules, "linux", cases, ARRAY_SIZE(cases));
	return done();
}
