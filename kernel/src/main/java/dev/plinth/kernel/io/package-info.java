/**
 * Bytes on their way between a file and whoever reads or writes it: {@link
 * dev.plinth.kernel.io.IoBuffer}.
 *
 * <p>File systems see this instead of guest memory, and so know nothing of address spaces. Imports
 * {@code dev.plinth.api} and {@code errno} only.
 */
package dev.plinth.kernel.io;
