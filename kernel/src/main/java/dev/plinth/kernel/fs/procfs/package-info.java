/**
 * /proc: the kernel's view of itself as files of text, made when they are read.
 *
 * <p>In reading order: {@link dev.plinth.kernel.fs.procfs.ProcFs}, {@link
 * dev.plinth.kernel.fs.procfs.Processes}, {@link dev.plinth.kernel.fs.procfs.ProcessView} and
 * {@link dev.plinth.kernel.fs.procfs.ThreadView} (what is shown of processes, declared here and
 * implemented by {@code task}), {@link dev.plinth.kernel.fs.procfs.SystemView} (what is shown of
 * the sandbox), {@code ProcessAccess} (who may look at what), then the directories: {@code
 * ProcessListDirectory}, {@code ProcessDirectory}, {@code ThreadListDirectory}, {@code
 * DescriptorDirectory}; and what is in them: {@code SystemTexts}, {@code SystemSettings}, {@code
 * ProcessTexts}, {@code MemoryTexts}, {@code MountTexts}, {@code MemoryInode}, {@code
 * CheckpointInode} with {@link dev.plinth.kernel.fs.procfs.CheckpointControl}. {@code LateView}
 * stands for a process that is restored after the files that show it.
 *
 * <p>The tree follows what it shows. No locks beyond those of {@code vfs} and {@code pseudofs}.
 * Imports {@code pseudofs}, {@code state}, {@code vfs}, {@code cred}, {@code mm}, {@code io} and
 * {@code errno}.
 */
package dev.plinth.kernel.fs.procfs;
