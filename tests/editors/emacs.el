;;; Run by terminal-editors.test.mjs, with the configuration of docs/editors.md.  -*- lexical-binding: t -*-
(require 'python)
(require 'sh-script)
(require 'eglot)
(setq eglot-sync-connect 120 eglot-connect-timeout 120 jsonrpc-default-request-timeout 120)
(setq eglot-autoshutdown t eglot-confirm-server-initiated-edits nil
      create-lockfiles nil make-backup-files nil)
(fset 'y-or-n-p #'always) ; eglot asks before it edits several files

(defun say (&rest arguments) (princ (concat (apply #'format arguments) "\n")))

(defun until (what probe)
  (let ((end (+ (float-time) 120)))
    (while (not (funcall probe))
      (when (> (float-time) end) (error "not within two minutes: %s" what))
      (accept-process-output nil 0.05))))

(defun finding (code)
  (seq-find (lambda (diagnostic) (string-match-p code (flymake-diagnostic-text diagnostic)))
            (flymake-diagnostics)))

(defun open (file)
  (find-file file)
  (let ((buffer (current-buffer)))
    ;; `eglot-ensure' of the mode's hook connects after the command, of which a batch has none.
    (eglot--maybe-activate-editing-mode)
    (unless (eglot-current-server)
      (apply #'eglot (let ((guess (eglot--guess-contact))) guess)))
    (until "a server" (lambda () (with-current-buffer buffer (eglot-current-server)))))
  (flymake-mode 1)
  (say "open %s" (file-relative-name file (getenv "PORTSIDE_WORKSPACE"))))

(defun show (code)
  (flymake-start)
  (until code (lambda () (finding code)))
  (dolist (diagnostic (sort (flymake-diagnostics)
                            (lambda (a b) (< (flymake-diagnostic-beg a) (flymake-diagnostic-beg b)))))
    (let ((text (flymake-diagnostic-text diagnostic)))
      (say "  line %d: %s (%s)" (line-number-at-pos (flymake-diagnostic-beg diagnostic))
           (and (string-match "PS[0-9]+" text) (match-string 0 text))
           (and (string-match "portside" text) (match-string 0 text))))))

(defun fix (code title)
  (let* ((at (finding code))
         (actions (eglot-code-actions (flymake-diagnostic-beg at) (flymake-diagnostic-end at) nil nil))
         (action (seq-find (lambda (action) (equal (plist-get action :title) title)) (append actions nil))))
    (eglot--apply-workspace-edit (plist-get action :edit))
    (say "apply \"%s\"" title)
    (save-some-buffers t)
    (until "no finding" (lambda () (flymake-start) (not (finding code))))
    (say "  saved; %s is gone" code)))

(load (getenv "PORTSIDE_CONFIG") nil t)
(cd (file-name-as-directory (getenv "PORTSIDE_WORKSPACE")))

(open (getenv "PORTSIDE_FILE"))
(show "PS101")
(fix "PS101" "Fix: launch via uvicorn CLI")

(cd (file-name-as-directory (getenv "PORTSIDE_WORKSPACE")))
(with-temp-file "llm.sh" (insert "VLLM_PORT=8000 vllm serve m\n"))
(open (expand-file-name "llm.sh" (getenv "PORTSIDE_WORKSPACE")))
(show "PS202")
(fix "PS202" "Rename the variable to `PORT`")
(say "  %s" (with-temp-buffer
              (insert-file-contents (expand-file-name "llm.sh" (getenv "PORTSIDE_WORKSPACE")))
              (string-trim (buffer-string))))

(open (expand-file-name "start.sh" (getenv "PORTSIDE_WORKSPACE")))
(goto-char (point-min))
(search-forward "--port 8010")
(backward-char)
(eglot-rename "8011")
(save-some-buffers t)
(say "rename 8010 to 8011")
(dolist (file (process-lines "grep" "-lr" "8011" "--include=*" (getenv "PORTSIDE_WORKSPACE")))
  (say "  %s" (file-relative-name file (getenv "PORTSIDE_WORKSPACE"))))

(dolist (buffer (buffer-list))
  (when (buffer-live-p buffer) (with-current-buffer buffer
    (when (eglot-current-server) (eglot-shutdown (eglot-current-server))))))
(say "server ended")
(kill-emacs 0)
