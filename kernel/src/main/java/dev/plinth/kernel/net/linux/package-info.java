/** Constants of Linux' socket headers. Imports nothing. */
package dev.plinth.kernel.net.linux;
