package dev.backplane.qtest.commandline;

/** What options print whose argument asks for help. */
final class OptionHelp {
    private OptionHelp() {}

    /** {@return whether a word asks for help} */
    static boolean isAsked(String word) {
        return "help".equals(word) || "?".equals(word);
    }

    /** {@return whether an argument asks for help, alone or with its last parameter} */
    static boolean isAskedIn(String argument) {
        return isAsked(argument.substring(argument.lastIndexOf(',') + 1));
    }

    /** {@return what an option prints; empty when that is no matter of the command line alone} */
    static String of(SupportedOption option) {
        return switch (option) {
            case MEMORY -> ParameterGroup.MEMORY.help();
            case SMP -> ParameterGroup.SMP.help();
            case CPU -> ProcessorArguments.help();
            case ACCEL -> "Accelerators supported:\nkvm\nqtest\ntcg\n";
            case CHARDEV -> ParameterGroup.CHARDEV.help();
            case RUN_WITH -> ParameterGroup.RUN_WITH.help();
            case ACTION -> ParameterGroup.ACTION.help();
            case LOG_ITEMS -> LogItem.help();
            case RTC -> ParameterGroup.RTC.help();
            case BOOT -> ParameterGroup.BOOT.help();
            case OVERCOMMIT -> ParameterGroup.OVERCOMMIT.help();
            default -> "";
        };
    }
}
