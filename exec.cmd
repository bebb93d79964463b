@rem npm runs scripts with cmd here, which has no exec. With it in package.json no sh stands between npm and
@rem node elsewhere: a Ctrl-C would end that sh at once, and npm with it, before node has tidied up.
@%*
