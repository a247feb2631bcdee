/**
 * The platform that runs programs in traced stub processes. It sees the api only, never the kernel.
 */
package dev.plinth.platform.ptrace;
