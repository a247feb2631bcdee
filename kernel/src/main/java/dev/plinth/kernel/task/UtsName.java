package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.proto.UtsNameState;

/**
 * What uname(2) tells: {@code struct new_utsname}.
 *
 * @param sysname always {@code Linux}
 * @param nodename the host name
 * @param release of the kernel, such as {@code 6.12.0}
 * @param version of the kernel's build
 * @param machine always {@code x86_64}
 * @param domainname the NIS domain, {@code (none)} if there is none
 */
public record UtsName(
        String sysname,
        String nodename,
        String release,
        String version,
        String machine,
        String domainname) {
    /** The size of each field in the structure, its final zero byte included. */
    public static final int FIELD_BYTES = 65;

    public UtsName {
        for (String field :
                new String[] {sysname, nodename, release, version, machine, domainname}) {
            requireNonNull(field, "field is null");
            if (field.length() >= FIELD_BYTES) {
                throw new IllegalArgumentException("longer than 64 characters: " + field);
            }
        }
    }

    /** Names that were saved. */
    static UtsName restore(UtsNameState state) {
        return new UtsName(
                state.getSysname(),
                state.getNodename(),
                state.getRelease(),
                state.getVersion(),
                state.getMachine(),
                state.getDomainname());
    }

    /** What is saved of them. */
    UtsNameState save() {
        return UtsNameState.newBuilder()
                .setSysname(sysname)
                .setNodename(nodename)
                .setRelease(release)
                .setVersion(version)
                .setMachine(machine)
                .setDomainname(domainname)
                .build();
    }

    /** These names with another host name, as sethostname(2). */
    public UtsName withNodename(String name) {
        return new UtsName(sysname, name, release, version, machine, domainname);
    }

    /** These names with another NIS domain, as setdomainname(2). */
    public UtsName withDomainname(String name) {
        return new UtsName(sysname, nodename, release, version, machine, name);
    }
}
