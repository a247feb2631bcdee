package dev.plinth.platform.kvm;

import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.platform.kvm.x86.CpuidLeaf;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What guests are answered to CPUID: what the virtual processor says, without what the sandbox does
 * not offer.
 *
 * <p>Any thread may call any method.
 */
final class CpuidTable {
    /** A guest can ask 2^64 questions; no program asks so many that make sense. */
    private static final int MAX_ANSWERS = 1024;

    private record Question(int leaf, int subleaf) {}

    private final RingZero ringZero;
    private final CpuFeatures features;
    private final Map<Question, CpuidAnswer> answers = new ConcurrentHashMap<>();

    CpuidTable(RingZero ringZero, CpuFeatures features) {
        this.ringZero = ringZero;
        this.features = features;
    }

    CpuidAnswer answer(int leaf, int subleaf) {
        Question question = new Question(leaf, subleaf);
        CpuidAnswer known = answers.get(question);
        if (known != null) {
            return known;
        }
        CpuidAnswer answer = restrict(question, ringZero.cpuid(leaf, subleaf));
        if (answers.size() < MAX_ANSWERS) {
            answers.put(question, answer);
        }
        return answer;
    }

    private CpuidAnswer restrict(Question question, CpuidAnswer raw) {
        if (question.leaf() == CpuidLeaf.STRUCTURED_FEATURES && question.subleaf() == 0) {
            return new CpuidAnswer(
                    raw.eax(),
                    raw.ebx(),
                    raw.ecx() & ~(CpuidLeaf.PROTECTION_KEYS | CpuidLeaf.SHADOW_STACKS),
                    raw.edx() & ~(CpuidLeaf.AMX | CpuidLeaf.BRANCH_TRACKING));
        }
        if (question.leaf() == CpuidLeaf.XSAVE) {
            return restrictXsave(question.subleaf(), raw);
        }
        return raw;
    }

    private CpuidAnswer restrictXsave(int subleaf, CpuidAnswer raw) {
        if (subleaf == 0) {
            int bytes = features.vectorStateBytes();
            return new CpuidAnswer((int) features.xcr0(), bytes, bytes, 0);
        }
        boolean component = subleaf > 1 && subleaf < Long.SIZE;
        boolean offered = subleaf == 1 || (component && ((features.xcr0() >>> subleaf) & 1) != 0);
        return offered ? raw : new CpuidAnswer(0, 0, 0, 0);
    }
}
