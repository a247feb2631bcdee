package dev.plinth.kernel.error;

/**
 * Kinds of error that a user of a sandbox can meet.
 *
 * <p>The number says who can mend it: from 1000 the user, by another command; from 2000 the
 * environment, by another host or installation; from 3000 nobody but the authors of Plinth. Numbers
 * from 10000 are left to plugins.
 */
public enum ErrorCode {
    /** The program to run does not exist. */
    PROGRAM_NOT_FOUND(1001),
    /** The program to run exists but cannot be executed. */
    PROGRAM_NOT_EXECUTABLE(1002),
    /** The root file system is not a directory that can be read. */
    ROOTFS_UNUSABLE(1003),
    /** A mount's source or destination does not fit. */
    MOUNT_UNUSABLE(1004),
    /** The working directory does not exist in the sandbox. */
    CWD_UNUSABLE(1005),
    /** No plugin provides a platform of this name. */
    PLATFORM_UNKNOWN(1006),
    /** The log file cannot be written. */
    LOG_UNUSABLE(1007),
    /** An option has a value that makes no sense. */
    OPTION_INVALID(1008),
    /** There is no image where one was named. */
    IMAGE_NOT_FOUND(1009),
    /** There is something where an image was to be written. */
    IMAGE_EXISTS(1010),
    /** An image needs a descriptor that was not given. */
    IMAGE_ROLE_MISSING(1011),
    /** A sandbox has something that cannot be saved. */
    STATE_UNSAVABLE(1012),
    /** There is a sandbox of this name already. */
    SANDBOX_EXISTS(1013),
    /** There is no sandbox of this name. */
    SANDBOX_UNKNOWN(1014),
    /** A sandbox has ended, or is about to. */
    SANDBOX_STOPPED(1015),
    /** A sandbox runs that would have to have ended. */
    SANDBOX_RUNNING(1016),
    /** There is no process of this number in a sandbox. */
    PROCESS_UNKNOWN(1017),
    /** A sandbox is being checkpointed, paused or swapped, and one of these is asked for. */
    SANDBOX_BUSY(1018),
    /** Descriptors that were one file when an image was written are several now. */
    IMAGE_ROLES_DIFFER(1019),
    /** An image wants to change a directory of the host that the restore does not name. */
    IMAGE_MOUNT_MISSING(1020),

    /** The plugin directory does not exist or cannot be read. */
    PLUGIN_DIRECTORY_UNUSABLE(2001),
    /** A plugin cannot be loaded. */
    PLUGIN_BROKEN(2002),
    /** Two plugins provide a platform of one name. */
    PLATFORM_AMBIGUOUS(2003),
    /** The platform does not work on this host, or for this user. */
    PLATFORM_UNUSABLE(2004),
    /** A device that the platform needs cannot be opened. */
    DEVICE_UNUSABLE(2005),
    /** The host has too little memory, or too few descriptors or processes. */
    HOST_EXHAUSTED(2006),
    /** An image is not what was written. */
    IMAGE_CORRUPT(2007),
    /** An image has a format that is not read any more. */
    IMAGE_TOO_OLD(2008),
    /** An image has a format of a later version. */
    IMAGE_TOO_NEW(2009),
    /** An image is of another architecture, or needs what the host's CPU or the platform lacks. */
    IMAGE_UNSUITABLE(2010),
    /** An image cannot be written. */
    IMAGE_UNWRITABLE(2011),
    /** The directory in which sandboxes are registered cannot be used. */
    STATE_DIRECTORY_UNUSABLE(2012),
    /** A sandbox does not answer, or not in a way that makes sense. */
    CONTROL_BROKEN(2013),
    /** A sandbox belongs to another user. */
    CONTROL_REFUSED(2014),
    /** A descriptor that a sandbox was given is not what it is said to be. */
    DONATION_BROKEN(2015),
    /** Tasks of a sandbox did not stop in time: the host keeps them in a call. */
    TASKS_DO_NOT_STOP(2016),
    /** A platform cannot take over what runs on another. */
    PLATFORM_UNSUITABLE(2017),
    /** A file of the host that a sandbox had in use is another one now, or has other content. */
    HOST_FILE_CHANGED(2018),

    /** Something happened that Plinth takes for impossible. */
    INTERNAL(3001),
    ;

    private final int number;

    ErrorCode(int number) {
        this.number = number;
    }

    /** The number that names this kind for good. */
    public int number() {
        return number;
    }
}
