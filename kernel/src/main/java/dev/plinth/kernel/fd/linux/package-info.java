/** Numbers of terminals and of comparing descriptors: {@link dev.plinth.kernel.fd.linux.Ioctls}. */
package dev.plinth.kernel.fd.linux;
