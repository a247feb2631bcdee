/**
 * The devices of every sandbox, and the files in /dev that stand for them: {@link
 * dev.plinth.kernel.fs.devfs.Devices} (null, zero, full, random, urandom, tty), {@link
 * dev.plinth.kernel.fs.devfs.DeviceFiles} (the names).
 *
 * <p>A device is found by its number, wherever its file lies. No locks. Imports {@code vfs}, {@code
 * io}, {@code errno} and {@code cred}.
 */
package dev.plinth.kernel.fs.devfs;
