package dev.plinth.kernel.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import org.junit.jupiter.api.Test;

import java.lang.classfile.ClassModel;
import java.lang.classfile.FieldModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Every class of the kernel that has state says what becomes of it in a checkpoint.
 *
 * <p>A field is state if it can change: if it is not final, or is of a type of the JDK whose
 * objects can change. A class that has one implements {@link Stateful}, or says by {@link
 * SavedWith} who saves it, or by {@link NotSaved} why nobody does; and where objects are saved each
 * such field is read, or says by {@link NotSaved} why not.
 */
final class CompletenessTest {
    private static final String KERNEL = "dev/plinth/kernel/";

    /** What takes the pieces of a buffer, and lives no longer. */
    private static final String WITHIN_A_CALL = KERNEL + "io/IoBuffer$Transfer";

    /** Packages without state of a sandbox that lasts, and why. */
    private static final Map<String, String> WITHOUT_STATE =
            new TreeMap<>(
                    Map.ofEntries(
                            Map.entry("boot", "makes sandboxes, and is on their outside"),
                            Map.entry("checkpoint", "saves and restores"),
                            Map.entry("donation", "hands descriptors over, on the outside"),
                            Map.entry("errno", "values"),
                            Map.entry("error", "values"),
                            Map.entry("host", "the host's kernel, not the sandbox's"),
                            Map.entry("image", "the bytes of an image"),
                            Map.entry("io", "buffers, which live while a call is made"),
                            Map.entry("plugin", "the platforms, which are never saved"),
                            Map.entry("state", "saves and restores"),
                            Map.entry("state/proto", "generated: what is saved"),
                            Map.entry("strace", "the operator's log, not the sandbox's")));

    /** Types of the JDK whose objects never change, or are locks. */
    private static final List<String> UNCHANGING =
            List.of(
                    "java/util/Optional",
                    "java/util/UUID",
                    "java/util/HexFormat",
                    "java/util/Comparator",
                    "java/util/function/",
                    "java/util/regex/",
                    "java/util/concurrent/locks/",
                    "java/util/concurrent/TimeUnit",
                    "java/util/concurrent/Executor");

    private static final List<String> CHANGING =
            List.of(
                    "java/util/",
                    "java/nio/",
                    "java/lang/StringBuilder",
                    "java/lang/ref/",
                    "java/lang/foreign/MemorySegment",
                    "java/io/ByteArray",
                    "java/security/");

    /** Collections that are made once, if these make them. */
    private static final Set<String> MAKERS_OF_UNCHANGING =
            Set.of("of", "copyOf", "ofEntries", "toList", "unmodifiableList", "unmodifiableMap");

    private final KernelClasses classes = KernelClasses.load();
    private final SavedFields saved = new SavedFields(classes);

    @Test
    void everyClassWithStateSaysWhatBecomesOfIt() {
        Map<String, List<String>> missing = new LinkedHashMap<>();
        for (ClassModel type : classes.all()) {
            if (isOfTheSandbox(type)) {
                List<String> ofType = missingIn(type);
                if (!ofType.isEmpty()) {
                    missing.put(shown(type.thisClass().asInternalName()), ofType);
                }
            }
        }
        if (!missing.isEmpty()) {
            fail(report(missing));
        }
    }

    @Test
    void packagesThatAreLeftOutExist() {
        for (String name : WITHOUT_STATE.keySet()) {
            assertTrue(
                    classes.all().stream().anyMatch(type -> packageOf(type).equals(name)),
                    "no class is in " + name);
        }
    }

    @Test
    void whatIsSavedWithAClassNamesOneThatIsSaved() {
        List<String> wrong = new ArrayList<>();
        for (ClassModel type : classes.all()) {
            Optional<ClassModel> owner = classes.savedWith(type).flatMap(classes::find);
            if (owner.isPresent() && !says(owner.get()) && !isSavedInSomeForm(owner.get())) {
                wrong.add(shown(type.thisClass().asInternalName()));
            }
        }
        assertEquals(List.of(), wrong);
    }

    private boolean isSavedInSomeForm(ClassModel owner) {
        String name = owner.thisClass().asInternalName();
        return classes.all().stream()
                .filter(saved::isSaved)
                .anyMatch(type ->
                        classes.lineage(type).contains(owner)
                                || classes.implementsInterface(type, name));
    }

    private static String report(Map<String, List<String>> missing) {
        StringBuilder text = new StringBuilder(1 << 12);
        int count = missing.values().stream().mapToInt(List::size).sum();
        text.append("%d classes, %d things to say:%n".formatted(missing.size(), count));
        missing.forEach((type, things) -> {
            text.append("%n%s%n".formatted(type));
            things.forEach(thing -> text.append("    %s%n".formatted(thing)));
        });
        return text.toString();
    }

    private boolean isOfTheSandbox(ClassModel type) {
        return !WITHOUT_STATE.containsKey(packageOf(type))
                && classes.hasState(type)
                && !classes.implementsInterface(type, WITHIN_A_CALL);
    }

    private static String packageOf(ClassModel type) {
        String name = type.thisClass().asInternalName();
        int end = name.lastIndexOf('/');
        return end < KERNEL.length() ? "" : name.substring(KERNEL.length(), end);
    }

    private static String shown(String name) {
        return name.substring(KERNEL.length()).replace('/', '.');
    }

    private boolean says(ClassModel type) {
        return classes.isNotSaved(type) || classes.savedWith(type).isPresent();
    }

    private List<String> missingIn(ClassModel type) {
        List<String> missing = new ArrayList<>();
        if (classes.isNotSaved(type)) {
            return missing;
        }
        boolean isStateful = classes.isStateful(type);
        boolean isSavedElsewhere = classes.savedWith(type).isPresent();
        boolean isAbstract = type.flags().has(AccessFlag.ABSTRACT);
        if (isStateful && !isAbstract && !isSavedElsewhere && !saved.isSaved(type)) {
            missing.add("is Stateful, but saveState only throws: override it, or @NotSaved(why)");
            return missing;
        }
        for (FieldModel field : type.fields()) {
            Optional<String> why = isState(type, field);
            String name = field.fieldName().stringValue();
            if (why.isEmpty() || KernelClasses.isNotSaved(field)) {
                continue;
            }
            if (!isStateful && !isSavedElsewhere && !saved.isSaved(type)) {
                missing.add(
                        "%s %s: implement Stateful, or @SavedWith(who) or @NotSaved(why) on the class"
                                .formatted(name, why.get()));
            } else if (!saved.contains(type.thisClass().asInternalName(), name)) {
                missing.add(
                        "%s %s: read it in saveState, or @NotSaved(why) on the field"
                                .formatted(name, why.get()));
            }
        }
        return missing;
    }

    private boolean mustBeRead(ClassModel type, FieldModel field) {
        return !KernelClasses.isNotSaved(field) && isState(type, field).isPresent();
    }

    /** Why a field can change, if it can. */
    private Optional<String> isState(ClassModel type, FieldModel field) {
        if (field.flags().has(AccessFlag.STATIC) || field.flags().has(AccessFlag.SYNTHETIC)) {
            return Optional.empty();
        }
        if (!field.flags().has(AccessFlag.FINAL)) {
            return Optional.of("is not final");
        }
        String descriptor = field.fieldType().stringValue();
        if (descriptor.startsWith("[")) {
            return Optional.of("is an array");
        }
        if (!descriptor.startsWith("L")) {
            return Optional.empty();
        }
        String name = descriptor.substring(1, descriptor.length() - 1);
        if (UNCHANGING.stream().anyMatch(name::startsWith)) {
            return Optional.empty();
        }
        if (CHANGING.stream().anyMatch(name::startsWith)) {
            return isMadeOnce(type, field)
                    ? Optional.empty()
                    : Optional.of("is a " + name.substring(name.lastIndexOf('/') + 1));
        }
        return classes.find(name)
                .filter(part ->
                        classes.savedWith(part)
                                .filter(type.thisClass().asInternalName()::equals)
                                .isPresent())
                .filter(part -> part.fields().stream().anyMatch(each -> mustBeRead(part, each)))
                .map(part -> "is saved with this class");
    }

    /** Whether all constructors give the field a collection that cannot be changed. */
    private static boolean isMadeOnce(ClassModel type, FieldModel field) {
        boolean found = false;
        for (MethodModel method : type.methods()) {
            if (!method.methodName().equalsString("<init>")) {
                continue;
            }
            Optional<InvokeInstruction> lastCall = Optional.empty();
            for (var element : method.code().orElseThrow()) {
                if (element instanceof FieldInstruction store
                        && store.opcode() == Opcode.PUTFIELD
                        && store.name().equalsString(field.fieldName().stringValue())) {
                    if (lastCall.isEmpty()
                            || !MAKERS_OF_UNCHANGING.contains(
                                    lastCall.get().name().stringValue())) {
                        return false;
                    }
                    found = true;
                }
                if (element instanceof Instruction instruction) {
                    lastCall =
                            instruction instanceof InvokeInstruction call
                                    ? Optional.of(call)
                                    : keptThrough(instruction, lastCall);
                }
            }
        }
        return found;
    }

    /** A cast leaves what the last call returned where it is. */
    private static Optional<InvokeInstruction> keptThrough(
            Instruction instruction, Optional<InvokeInstruction> lastCall) {
        return instruction.opcode() == Opcode.CHECKCAST ? lastCall : Optional.empty();
    }
}
