/**
 * Platform plugins: found in a directory, loaded one at a time with PF4J. No other package of the
 * kernel imports PF4J.
 *
 * <p>In reading order: {@link dev.plinth.kernel.plugin.PlatformPlugins} (what is in the directory),
 * {@link dev.plinth.kernel.plugin.LoadedPlatform} (a plugin in use), {@code PluginDirectory} (files
 * and their descriptors), {@code PlatformPluginManager} (PF4J, pared down).
 *
 * <p>A plugin's {@code plugin.id} is the name of the platform that it provides, so that a run reads
 * a few lines of text of every plugin and loads the classes of one. No locks: the classes are
 * confined to the thread that uses them. Imports {@code dev.plinth.api} and {@code error} only.
 */
package dev.plinth.kernel.plugin;
