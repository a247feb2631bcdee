/**
 * /proc: the kernel's view of itself as files of text, made when they are opened.
 *
 * <p>In reading order: {@link dev.plinth.kernel.fs.procfs.ProcFs}, {@link
 * dev.plinth.kernel.fs.procfs.Processes} and {@link dev.plinth.kernel.fs.procfs.ProcessView} (what
 * is shown of processes, declared here and implemented by {@code task}), {@link
 * dev.plinth.kernel.fs.procfs.SystemView} (what is shown of the sandbox), then the inodes: {@code
 * ProcNode}, {@code TextFile}, {@code FixedDirectory}, {@code ProcLink}, {@code
 * ProcessListDirectory}, {@code ProcessDirectory}, {@code DescriptorDirectory}; and the texts:
 * {@code SystemTexts}, {@code ProcessTexts}, {@code MountTexts}.
 *
 * <p>Nothing can be made or removed here; the tree follows what it shows. No locks beyond those of
 * {@code vfs}. Imports {@code vfs}, {@code cred}, {@code mm}, {@code io} and {@code errno}.
 */
package dev.plinth.kernel.fs.procfs;
