package dev.plinth.kernel.state;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.Annotation;
import java.lang.classfile.AnnotationValue;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.FieldModel;
import java.lang.constant.ClassDesc;
import java.lang.reflect.AccessFlag;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The compiled classes of the kernel, by their internal names. */
final class KernelClasses {
    private static final String STATEFUL = nameOf(Stateful.class);
    private static final ClassDesc NOT_SAVED = NotSaved.class.describeConstable().orElseThrow();
    private static final ClassDesc SAVED_WITH = SavedWith.class.describeConstable().orElseThrow();

    private final Map<String, ClassModel> byName = new LinkedHashMap<>();

    private KernelClasses() {}

    /** Those that the class path has beside the package of this one. */
    static KernelClasses load() {
        KernelClasses classes = new KernelClasses();
        try {
            Path root =
                    Path.of(
                            Stateful.class
                                    .getProtectionDomain()
                                    .getCodeSource()
                                    .getLocation()
                                    .toURI());
            List<Path> files;
            try (Stream<Path> walk = Files.walk(root)) {
                files = walk.filter(file -> file.toString().endsWith(".class")).sorted().toList();
            }
            for (Path file : files) {
                ClassModel model = ClassFile.of().parse(file);
                classes.byName.put(model.thisClass().asInternalName(), model);
            }
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return classes;
    }

    static String nameOf(Class<?> type) {
        return type.getName().replace('.', '/');
    }

    List<ClassModel> all() {
        return List.copyOf(byName.values());
    }

    Optional<ClassModel> find(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /** The class and those it extends, as far as they are the kernel's. */
    List<ClassModel> lineage(ClassModel type) {
        List<ClassModel> lineage = new ArrayList<>();
        Optional<ClassModel> next = Optional.of(type);
        while (next.isPresent()) {
            lineage.add(next.get());
            next = next.get().superclass().flatMap(parent -> find(parent.asInternalName()));
        }
        return lineage;
    }

    boolean isStateful(ClassModel type) {
        return implementsInterface(type, STATEFUL);
    }

    /** Whether the class is of an interface, directly or not. */
    boolean implementsInterface(ClassModel type, String wanted) {
        return lineage(type).stream()
                .flatMap(each -> each.interfaces().stream())
                .map(each -> each.asInternalName())
                .anyMatch(name ->
                        name.equals(wanted)
                                || find(name)
                                        .map(parent -> implementsInterface(parent, wanted))
                                        .orElse(false));
    }

    /** Whether the class says that it is not saved, or one around it does that speaks for it. */
    boolean isNotSaved(ClassModel type) {
        return saysNotSaved(type)
                || (!isStateful(type)
                        && around(type).stream().anyMatch(KernelClasses::saysNotSaved));
    }

    private static boolean saysNotSaved(ClassModel type) {
        return annotation(annotations(type), NOT_SAVED).isPresent();
    }

    private static List<Annotation> annotations(ClassModel type) {
        return type.findAttribute(Attributes.runtimeVisibleAnnotations())
                .map(found -> found.annotations())
                .orElse(List.of());
    }

    /** With which class the class says it is saved. */
    Optional<String> savedWith(ClassModel type) {
        return annotation(annotations(type), SAVED_WITH)
                .map(found -> found.elements().getFirst().value())
                .map(value -> ((AnnotationValue.OfClass) value).classSymbol().descriptorString())
                .map(descriptor -> descriptor.substring(1, descriptor.length() - 1));
    }

    static boolean isNotSaved(FieldModel field) {
        return annotation(
                        field.findAttribute(Attributes.runtimeVisibleAnnotations())
                                .map(found -> found.annotations())
                                .orElse(List.of()),
                        NOT_SAVED)
                .isPresent();
    }

    private static Optional<Annotation> annotation(List<Annotation> all, ClassDesc wanted) {
        return all.stream().filter(each -> each.classSymbol().equals(wanted)).findAny();
    }

    private List<ClassModel> around(ClassModel type) {
        List<ClassModel> around = new ArrayList<>();
        String name = type.thisClass().asInternalName();
        for (int end = name.indexOf('$'); end >= 0; end = name.indexOf('$', end + 1)) {
            find(name.substring(0, end)).ifPresent(around::add);
        }
        return around;
    }

    /** Whether objects of the class are kept, with fields of their own: not an exception, say. */
    boolean hasState(ClassModel type) {
        boolean declared =
                !type.flags().has(AccessFlag.INTERFACE)
                        && !type.flags().has(AccessFlag.ENUM)
                        && !type.flags().has(AccessFlag.MODULE);
        ClassModel top = lineage(type).getLast();
        String above = top.superclass().map(parent -> parent.asInternalName()).orElse("");
        boolean isRecord = above.equals("java/lang/Record");
        boolean isThrowable = above.endsWith("Exception") || above.endsWith("Error");
        return declared && !isRecord && !isThrowable;
    }
}
