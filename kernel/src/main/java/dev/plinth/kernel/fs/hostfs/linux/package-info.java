/**
 * Numbers of the host's Linux that hostfs uses: {@link dev.plinth.kernel.fs.hostfs.linux.Unistd},
 * {@link dev.plinth.kernel.fs.hostfs.linux.Dirent}, {@link
 * dev.plinth.kernel.fs.hostfs.linux.Statfs}. Constants only.
 */
package dev.plinth.kernel.fs.hostfs.linux;
