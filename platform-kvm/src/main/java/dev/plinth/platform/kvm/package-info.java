/**
 * The place of the platform that will run programs as guest ring 3 of a virtual machine. There is
 * no factory yet, and so no plugin.
 */
package dev.plinth.platform.kvm;
