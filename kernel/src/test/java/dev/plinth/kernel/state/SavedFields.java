package dev.plinth.kernel.state;

import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.constant.ConstantDesc;
import java.lang.constant.DirectMethodHandleDesc;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Which fields are read where objects are saved: by {@code saveState}, and by what that calls of
 * its own class, of those above, of those inside the same one, of those that say with whom they are
 * saved, and of classes of the package that are there to save others, whose names say so, and that
 * ask those for what they save.
 */
final class SavedFields {
    private static final String SAVE_STATE = "saveState";

    /** Begins the names of classes that save others of their package. */
    private static final String SAVER = "Saved";

    private final KernelClasses classes;
    private final Set<String> fields = new HashSet<>();
    private final Set<Method> seen = new HashSet<>();
    private final Deque<Method> toRead = new ArrayDeque<>();

    private record Method(String owner, String name, String descriptor) {}

    SavedFields(KernelClasses classes) {
        this.classes = classes;
        for (ClassModel type : classes.all()) {
            if (classes.isStateful(type) || savesForOthers(type)) {
                type.methods().stream()
                        .filter(method -> method.methodName().equalsString(SAVE_STATE))
                        .forEach(method -> add(type, method));
            }
        }
        while (!toRead.isEmpty()) {
            read(toRead.removeFirst());
        }
    }

    /** What there is once is no object that is referred to, but is saved by a method so named. */
    private static boolean savesForOthers(ClassModel type) {
        return type.methods().stream()
                .anyMatch(method -> method.methodName().equalsString(SAVE_STATE));
    }

    boolean contains(String owner, String field) {
        return fields.contains(owner + "." + field);
    }

    /** Whether the class itself, or one above, has a {@code saveState} that can return. */
    boolean isSaved(ClassModel type) {
        return classes.lineage(type).stream()
                .flatMap(each -> each.methods().stream())
                .filter(method -> method.methodName().equalsString(SAVE_STATE))
                .filter(method -> method.code().isPresent())
                .findFirst()
                .map(SavedFields::returns)
                .orElse(false);
    }

    private static boolean returns(MethodModel method) {
        for (CodeElement element : method.code().orElseThrow()) {
            if (element instanceof ReturnInstruction) {
                return true;
            }
        }
        return false;
    }

    private void add(ClassModel owner, MethodModel method) {
        Method found =
                new Method(
                        owner.thisClass().asInternalName(),
                        method.methodName().stringValue(),
                        method.methodType().stringValue());
        if (seen.add(found)) {
            toRead.add(found);
        }
    }

    private void read(Method wanted) {
        ClassModel type = classes.find(wanted.owner).orElseThrow();
        for (MethodModel method : type.methods()) {
            if (method.methodName().equalsString(wanted.name)
                    && method.methodType().equalsString(wanted.descriptor)) {
                method.code().ifPresent(code -> code.forEach(element -> read(type, element)));
            }
        }
    }

    private void read(ClassModel reader, CodeElement element) {
        switch (element) {
            case FieldInstruction access when access.opcode() == Opcode.GETFIELD ->
                    fields.add(access.owner().asInternalName() + "." + access.name().stringValue());
            case InvokeInstruction call ->
                    follow(
                            reader,
                            call.owner().asInternalName(),
                            call.name().stringValue(),
                            call.type().stringValue());
            case InvokeDynamicInstruction lambda -> {
                for (ConstantDesc argument : lambda.bootstrapArgs()) {
                    if (argument instanceof DirectMethodHandleDesc handle) {
                        String owner = handle.owner().descriptorString();
                        follow(
                                reader,
                                owner.substring(1, owner.length() - 1),
                                handle.methodName(),
                                handle.lookupDescriptor());
                    }
                }
            }
            default -> {}
        }
    }

    private void follow(ClassModel caller, String owner, String name, String descriptor) {
        Optional<ClassModel> called = classes.find(owner);
        if (called.isEmpty() || !belongs(caller, called.get())) {
            return;
        }
        for (ClassModel type : classes.lineage(called.get())) {
            for (MethodModel method : type.methods()) {
                if (method.methodName().equalsString(name)
                        && method.methodType().equalsString(descriptor)) {
                    add(type, method);
                    return;
                }
            }
        }
    }

    private boolean belongs(ClassModel caller, ClassModel called) {
        String name = called.thisClass().asInternalName();
        return outermost(name).equals(outermost(caller.thisClass().asInternalName()))
                || classes.lineage(caller).contains(called)
                || classes.lineage(called).contains(caller)
                || classes.savedWith(called).isPresent()
                || savesOthers(caller, called);
    }

    private static boolean savesOthers(ClassModel caller, ClassModel called) {
        String from = caller.thisClass().asInternalName();
        String to = called.thisClass().asInternalName();
        int end = from.lastIndexOf('/') + 1;
        return to.lastIndexOf('/') + 1 == end
                && to.startsWith(from.substring(0, end))
                && (from.startsWith(SAVER, end) || to.startsWith(SAVER, end));
    }

    private static String outermost(String name) {
        int end = name.indexOf('$');
        return end < 0 ? name : name.substring(0, end);
    }
}
