package dev.backplane.vm.capture;

/** A capture cannot be used. The message names the file, the line or field, and what is wrong with it. */
public final class CaptureException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes one.
     *
     * @param file name of the file in the capture's folder
     * @param place line, column or field, or {@code ""} for the whole file
     * @param problem what is wrong, and what was expected
     */
    public CaptureException(String file, String place, String problem) {
        super("%s%s: %s".formatted(file, place.isEmpty() ? "" : ", " + place, problem));
    }
}
